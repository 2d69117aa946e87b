"""A butane.yaml with something of most kinds."""

BUTANE = """variant: fcos
version: 1.6.0
passwd:
  users:
    - name: core
      ssh_authorized_keys:
        # mine
        - ssh-rsa old

storage:
  files:
    - path: /etc/hostname
      mode: 0644
      contents:
        inline: nas  # the machine
    - path: /etc/a
      contents:
        local: files/a
  luks:
    - name: root
      wipe_volume: true
  trees:
    - local: files/quadlets
      path: /etc/containers/systemd
    - local: files/all
boot_device:
  mirror:
    devices: [/dev/sda, /dev/sdb]
systemd:
  units:
    - name: a.service
      contents_local: units/a
"""
