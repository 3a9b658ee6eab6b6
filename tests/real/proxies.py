# SPDX-License-Identifier: Apache-2.0
#
# Configurations of the proxy under test: Weir's own, and as near as they come those of Squid and
# tinyproxy, which stand in when the tests themselves are tried.
"""Configuration files of the proxies these tests can be run against."""

import getpass
import json
import os
import shutil
import socket
import unittest


def merge(base, over):
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict) and key != "hosts":
            merge(base[key], value)
        else:
            base[key] = value
    return base


def write_weir_config(folder, access_log, settings, tunnel_to):
    """The path of a weir.json with `settings` over what every test wants."""
    config = {
        "listen": ["127.0.0.1:0"],
        "admin": {"listen": "off"},
        "connect": {"ports": [443, *tunnel_to]},
        "dns": {"hosts": {"origin.test": ["127.0.0.1"]}},
        "access_log": {"path": access_log, "format": "squid"},
    }
    path = os.path.join(folder, "weir.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(merge(config, settings), file)
    return path


def stand_in(kind, folder, access_log):
    """Port and command of another proxy. These cannot be handed a socket: the port is only likely free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = shutil.which(kind, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not program:
        raise unittest.SkipTest("%s is not installed" % kind)
    path = os.path.join(folder, kind + ".conf")
    os.chmod(folder, 0o777)
    if kind == "squid":
        text = """http_port 127.0.0.1:{port}
http_access allow all
cache deny all
pid_filename none
access_log stdio:{log} squid
cache_log {folder}/cache.log
coredump_dir {folder}
pinger_enable off
shutdown_lifetime 1 seconds
""".format(port=port, log=access_log, folder=folder)
        command = [program, "-N", "-f", path]
    else:
        text = 'Port {port}\nListen 127.0.0.1\nLogFile "{folder}/tinyproxy.log"\nMaxClients 2000\nUser {user}\n'.format(
            port=port, folder=folder, user=getpass.getuser())
        command = [program, "-d", "-c", path]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return port, command
