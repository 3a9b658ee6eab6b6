# SPDX-License-Identifier: Apache-2.0
#
# What every configuration of nginx here begins with, for the tests with real clients and for the
# measurements: one process in the foreground that writes into its own folder alone.
"""The common part of nginx configurations."""

import os


def nginx_text(folder, http, connections=1024, descriptors=None, errors="stderr warn", access="off"):
    """A whole configuration, with `http` inside the block of that name."""
    return "\n".join([
        "daemon off;",
        "worker_processes 1;",
        "worker_rlimit_nofile %d;" % (descriptors or connections + 64),
        "user root;" if os.geteuid() == 0 else "",
        "pid %s/nginx.pid;" % folder,
        "error_log %s;" % errors,
        "events { worker_connections %d; }" % connections,
        "http {",
        "  access_log %s;" % access,
        *["  %s_temp_path %s/%s;" % (what, folder, what) for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")],
        http,
        "}", ""])
