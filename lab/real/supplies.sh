#!/bin/sh
# Tells the package database what Debian's packages supply: one small RPM that provides every shared library of this
# root, by the same find-provides that Fedora's packages are built with, and the names given.
#   supplies.sh NAME…
set -eu

top=$(mktemp -d)
{
    printf 'Name: debian-supplies\nVersion: 1\nRelease: 1\nBuildArch: noarch\nLicense: MIT\n'
    printf 'Summary: What the packages of Debian below supply\nAutoReqProv: no\n'
    printf 'Provides: %s\n' "$@" 'rtld(GNU_HASH)'
    python3 -c 'if True:
        import importlib.metadata, sys
        version = "%d.%d" % sys.version_info[:2]
        print("Provides: python(abi) =", version)
        for found in importlib.metadata.distributions():
            print("Provides: python%sdist(%s)" % (version, found.metadata["Name"].lower().replace("_", "-")))'
    find /usr/lib/x86_64-linux-gnu /usr/lib64 -name '*.so*' | /usr/lib/rpm/find-provides | sort -u | sed 's/^/Provides: /'
    find /usr/bin /usr/sbin -maxdepth 1 -type f -o -type l | sed 's/^/Provides: /'
    printf '%%description\n%%{summary}\n%%files\n'
} > "$top/supplies.spec"
rpmbuild -bb --quiet --define "_topdir $top" --define "_rpmdir $top" "$top/supplies.spec"
rpm --install --nodeps "$top"/noarch/*.rpm
rm -rf "$top"
