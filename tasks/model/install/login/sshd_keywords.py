"""The keywords of sshd's files and their values: OpenSSH 10's servconf.h and servconf.c, and Fedora's own keywords."""

import re

_CONNECTION = """
    addressfamily afstokenpassing checkmail ciphers compression dsaauthentication fingerprinthash
    gssapicleanupcredentials gssapidelegatecredentials gssapistrictacceptorcheck hostcertificate hostdsakey hostkey
    hostkeyagent hostkeyalgorithms ignoreuserknownhosts keepalive kerberosgetafstoken kerberosorlocalpasswd
    kerberostgtpassing kerberosticketcleanup kexalgorithms keyregenerationinterval listenaddress logingracetime macs
    maxstartups modulifile permituserenvironment persourcemaxstartups persourcenetblocksize persourcepenalties
    persourcepenaltyexemptlist pidfile port printlastlog printmotd protocol reversemappingcheck rhostsauthentication
    securitykeyprovider serverkeybits sshdauthpath sshdsessionpath strictmodes syslogfacility tcpkeepalive usedns
    uselogin usepam useprivilegeseparation verifyreversemapping versionaddendum xauthlocation
"""
_ANYWHERE = """
    acceptenv allowagentforwarding allowgroups allowstreamlocalforwarding allowtcpforwarding allowusers
    authenticationmethods authorizedkeyscommand authorizedkeyscommanduser authorizedkeysfile authorizedkeysfile2
    authorizedprincipalscommand authorizedprincipalscommanduser authorizedprincipalsfile banner casignaturealgorithms
    challengeresponseauthentication channeltimeout chrootdirectory clientalivecountmax clientaliveinterval denygroups
    denyusers disableforwarding exposeauthinfo forcecommand gatewayports gssapiauthentication
    hostbasedacceptedalgorithms hostbasedacceptedkeytypes hostbasedauthentication hostbasedusesnamefrompacketonly
    ignorerhosts include ipqos kbdinteractiveauthentication kerberosauthentication loglevel logverbose match
    maxauthtries maxsessions pamservicename passwordauthentication permitemptypasswords permitlisten permitopen
    permitrootlogin permittty permittunnel permituserrc pubkeyacceptedalgorithms pubkeyacceptedkeytypes
    pubkeyauthentication pubkeyauthoptions rdomain refuseconnection rekeylimit requiredrsasize revokedkeys
    rhostsrsaauthentication rsaauthentication setenv skeyauthentication streamlocalbindmask streamlocalbindunlink
    subsystem trustedusercakeys unusedconnectiontimeout x11displayoffset x11forwarding x11uselocalhost
"""
_FEDORA = """
    canonicalmatchuser gssapicleanupcreds gssapienablek5users gssapiindicators gssapikexalgorithms gssapikeyexchange
    gssapistorecredentialsonrekey gssapiusesessioncredcache gssusesessionccache kerberosuniqueccache kerberosusekuserok
    pamauthenticationviakbdint rsaminsize x11maxdisplays
"""
BEFORE_MATCH = frozenset(_CONNECTION.split())  # sshd takes these for every connection, so not under a Match
KNOWN = BEFORE_MATCH | frozenset((*_ANYWHERE.split(), *_FEDORA.split()))

_FLAGS = """
    allowagentforwarding challengeresponseauthentication disableforwarding exposeauthinfo gssapiauthentication
    gssapicleanupcredentials gssapistrictacceptorcheck hostbasedauthentication hostbasedusesnamefrompacketonly
    ignoreuserknownhosts kbdinteractiveauthentication kerberosauthentication kerberosorlocalpasswd
    kerberosticketcleanup passwordauthentication permitemptypasswords permittty permituserrc printlastlog printmotd
    pubkeyauthentication refuseconnection streamlocalbindunlink strictmodes tcpkeepalive usedns usepam x11forwarding
    x11uselocalhost
"""
_PORT = r"0*(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_NAMED_PORT = "ssh|https?|ftp|telnet|smtp|domain|imaps?|ldaps?"  # of /etc/services; others are unlikely for sshd
_TIME = r"(?:[\d.]+[smhdw]?)+"
_FORMS = {
    **dict.fromkeys(_FLAGS.split(), "yes|no"),
    "permitrootlogin": "yes|no|prohibit-password|without-password|forced-commands-only",
    "port": f"{_PORT}|{_NAMED_PORT}",
    "addressfamily": "any|inet6?",
    "allowtcpforwarding": "yes|all|no|remote|local",
    "allowstreamlocalforwarding": "yes|all|no|remote|local",
    "gatewayports": "yes|no|clientspecified",
    "ignorerhosts": "yes|no|shosts-only",
    "compression": "yes|no|delayed",
    "permittunnel": "yes|no|point-to-point|ethernet",
    "syslogfacility": "daemon|user|auth(?:priv)?|local[0-7]",
    "loglevel": "quiet|fatal|error|info|verbose|debug[123]?",
    "logingracetime": _TIME,
    "clientaliveinterval": _TIME,
    "unusedconnectiontimeout": f"none|{_TIME}",
    "maxauthtries": r"\d+",
    "maxsessions": r"\d+",
    "clientalivecountmax": r"\d+",
    "maxstartups": r"\d+(?::\d+:\d+)?",
}
VALUES = {keyword: re.compile(form, re.IGNORECASE) for keyword, form in _FORMS.items()}  # of keywords with one value
