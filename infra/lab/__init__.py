"""A lab of real machines on one Linux host: four Debian systems with systemd, on one bridge.

`plan` says which machines and addresses; `image` builds what they start from, once; `machine`
gives each its own disk, boots it and turns it off; `network` is the bridge; `share` what workers
see of Alpha's export; `access` the keys and the way in; `faults` what is done to machines on
purpose; `lab` all of them together; `commands` what people type.
"""
