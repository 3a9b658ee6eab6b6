// SPDX-License-Identifier: Apache-2.0
//
// The whole configuration as plain structs. What each setting is called in weir.json, its unit,
// default, bounds and reason stand in the settings table (settings_table.cc), from which the
// loader, the JSON Schema and the reference in the documentation are made. Values here are already
// checked. Immutable once loaded; shared by all workers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "filters/document.h"
#include "proxy/base/address.h"
#include "proxy/base/instant.h"

namespace weir {

// What a hop adds to say for whom it forwards (RFC 7239 and the older X-Forwarded-For).
enum class ForwardedFor : std::uint8_t { Off, Add, Transparent };

// How connections come to a listener: as to a proxy, or turned aside by the kernel on their way.
enum class ListenMode : std::uint8_t { Forward, Redirect, Tproxy };
// What happens to a name that our resolver does not give for the address the client chose.
enum class HostVerify : std::uint8_t { Pass, Strict };
// What happens to what cannot be judged by name.
enum class Unnamed : std::uint8_t { Tunnel, Refuse };

struct Settings {
  // listen: where clients connect. At least one.
  struct Listener {
    Endpoint at{IpAddress::v4(0x7f000001), 3128};
    std::string name = "forward";
    ListenMode mode = ListenMode::Forward;
    bool operator==(const Listener&) const = default;
  };
  std::vector<Listener> listeners{Listener{}};

  // clients: who may use the proxy.
  struct Clients {
    std::vector<Prefix> allow;  // filled with loopback and the private ranges by default
    std::vector<std::string> leases{"auto"};       // files of DHCP servers
    std::uint32_t max_connections = 0;             // 0: no limit of our own
    std::uint32_t max_connections_per_client = 0;  // 0: no limit
    bool open_proxy = false;  // the operator says that serving the whole Internet is meant
  } clients;

  // auth: Basic authentication of clients.
  struct Auth {
    std::string htpasswd_file;  // empty: no authentication
    std::string realm = "Weir";
    Micros remember = 300 * kSecond;  // how long a verified password needs no new hash
  } auth;

  // connect: CONNECT tunnels.
  struct Connect {
    std::vector<std::uint16_t> ports{443};
  } connect;

  // http: what is accepted and how it is forwarded.
  struct Http {
    std::vector<std::string> deny_methods;
    std::vector<std::string> upgrades{"websocket"};  // Upgrade tokens that may pass
    ForwardedFor forwarded_for = ForwardedFor::Off;  // X-Forwarded-For
    ForwardedFor forwarded = ForwardedFor::Off;      // Forwarded (RFC 7239)
    std::string via = "weir";  // pseudonym in Via; a random suffix is added to tell instances apart
    bool keep_trailers = true;
  } http;

  // limits: sizes.
  struct Limits {
    std::uint32_t request_line = 16 * 1024;         // bytes
    std::uint32_t head = 64 * 1024;                 // bytes, request or response
    std::uint32_t fields = 200;                     // field lines in a head
    std::uint64_t request_body = 0;                 // bytes; 0: no limit
    std::uint32_t interim_responses = 16;           // 1xx answers to one request
    std::uint32_t body_rewrite_window = 64 * 1024;  // bytes a rewritten body is searched in at once
    std::uint64_t decoded_body = 32 * 1024 * 1024;  // bytes of a body that is decoded to be changed
    std::uint32_t decode_ratio = 100;               // decoded bytes to one that came
  } limits;

  // timeouts.
  struct Timeouts {
    Micros client_idle = 60 * kSecond;  // between exchanges on a kept-alive client connection
    Micros head = 30 * kSecond;         // from the first byte of a request head to its end
    Micros body_idle = 60 * kSecond;    // no byte of a request body
    std::uint32_t body_min_rate =
        100;  // bytes/s averaged over the whole request body, after a grace of body_idle
    Micros client_write = 60 * kSecond;  // the client takes no byte of the answer
    Micros dns = 10 * kSecond;
    Micros connect = 10 * kSecond;            // one address
    Micros connect_total = 30 * kSecond;      // all addresses
    Micros origin_head = 120 * kSecond;       // request sent to end of response head
    Micros origin_body_idle = 120 * kSecond;  // no byte of a response body
    Micros tunnel_idle = 3600 * kSecond;      // no byte either way
    Micros linger = 2 * kSecond;     // reading on after a refusal so that the client sees it
    Micros shutdown = 30 * kSecond;  // grace for what runs at SIGTERM
  } timeouts;

  // origin: connections towards servers.
  struct Origin {
    std::uint32_t max_per_destination = 256;  // per worker; 0: no limit
    std::uint32_t max_idle_per_destination = 128;
    std::uint32_t max_idle = 1024;  // per worker
    Micros idle = 30 * kSecond;     // an idle pooled connection is closed after this
    std::uint32_t queue = 1024;     // requests that may wait for one destination
    Micros queue_wait = 10 * kSecond;
  } origin;

  // transparent: connections that the kernel has turned aside.
  struct Transparent {
    HostVerify host_verify = HostVerify::Pass;
    std::vector<std::string> strict_groups;  // groups of the policy for whom it is Strict
    Micros verify_wait = 500 * kMillisecond;
    Micros quiet_wait = 1 * kSecond;  // then the server is taken to speak first
    Unnamed unknown = Unnamed::Tunnel;
    Unnamed no_name = Unnamed::Tunnel;
    Unnamed encrypted_hello = Unnamed::Tunnel;
    bool keep_client_address = false;
    std::uint32_t mark = 0;  // SO_MARK of connections towards servers; 0: none
  } transparent;

  // tls: what is looked into, with certificates of our own.
  struct Tls {
    std::string ca_certificate;  // files; empty: nothing is looked into
    std::string ca_key;
    std::string origin_ca;  // authorities of servers beside the system's; empty: none
  } tls;

  // cache: what is kept of answers, and for how long.
  struct Cache {
    std::uint64_t memory = 128 * 1024 * 1024;  // bytes; 0: nothing is cached
    std::uint64_t memory_object = 8 * 1024 * 1024;
    std::string directory;  // empty: nothing is kept on disk
    std::uint64_t disk = std::uint64_t{10} * 1024 * 1024 * 1024;
    std::uint64_t disk_object = std::uint64_t{1} * 1024 * 1024 * 1024;
    Micros disk_wait = 2 * kSecond;  // for the disk to say what is stored
    bool collapse = true;
    Micros collapse_wait = 15 * kSecond;  // for the head of an answer that others asked for
    Micros alone_for = 60 * kSecond;      // after an answer that could not be shared
    std::uint64_t finish = 1024 * 1024;   // bytes that are fetched although nobody reads them
    std::uint32_t heuristic_percent = 10;
    Micros heuristic_limit = 7 * 24 * 3600 * kSecond;
    Micros lifetime_limit = 0;  // 0: as long as the origin says
    Micros negative_lifetime = 0;
    Micros stale_on_error = 24 * 3600 * kSecond;  // 0: never
    bool status_field = true;                     // Cache-Status
    bool purge_method = false;
    std::vector<Prefix> purge_from;  // nobody named: this machine
  } cache;

  // dns.
  struct Dns {
    std::vector<Endpoint> servers;                        // empty: as the system is configured
    std::map<std::string, std::vector<IpAddress>> hosts;  // fixed answers, lower-case names
    bool hosts_file = true;                               // consult /etc/hosts
    Micros min_ttl = 1 * kSecond;
    Micros max_ttl = 3600 * kSecond;
    Micros negative_ttl = 10 * kSecond;
    std::uint32_t cache_entries = 10'000;  // per worker
    bool prefer_ipv6 = true;               // the first address tried (RFC 8305)
    bool operator==(const Dns&) const = default;
  } dns;

  // destinations: where we may connect to.
  struct Destinations {
    bool private_ranges = true;  // RFC 1918, fc00::/7, 100.64.0.0/10
    std::vector<Prefix> allow;   // named exceptions, before everything but our own listeners
    std::vector<Prefix> deny;
  } destinations;

  // parents: other proxies to go through.
  struct Parent {
    std::string name;
    std::string host;
    std::uint16_t port = 0;
    std::string authorization;  // ready value of Proxy-Authorization; a secret, never printed
  };
  struct Route {
    std::vector<std::string> hosts;  // "example.com" (exact), ".example.com" (and below), "*" (all)
    std::vector<std::string> parents;  // names in order of preference; "direct" ends the list
  };
  std::vector<Parent> parents;
  std::vector<Route> routes;  // first match wins; none: direct

  // policy: what is allowed, blocked and changed. The rules of policy_files are in it.
  filters::PolicyDocument policy;
  std::vector<std::string> policy_files;  // as written, relative to the configuration

  // lists: the filter lists of the policy as files.
  struct Lists {
    std::string directory;  // of downloaded lists; empty: the store decides
  } lists;

  // access_log.
  struct AccessLog {
    std::string path = "-";          // "-": standard output; "off": none
    std::string format = "squid";    // squid, combined, json, or a format string with %{...}
    bool query_strings = true;       // false: everything after '?' is left out
    std::uint64_t rotate_bytes = 0;  // 0: never rotate by size
    std::uint32_t rotate_keep = 5;
    std::uint32_t queue_bytes =
        4 * 1024 * 1024;  // per worker; what does not fit is dropped and counted
  } access_log;

  // log: the operator's own log.
  struct Log {
    std::string path = "stderr";
    std::string level = "info";
  } log;

  // admin: the interface for operators and their programs.
  struct Admin {
    std::string listen = "127.0.0.1:3180";  // "off", "unix:/path" or an address and a port
    std::vector<std::string> hosts;         // names it is called by beside its address
  } admin;

  // process.
  struct Process {
    std::uint32_t workers = 0;  // 0: one per core
    std::string user;           // drop to this user after binding
    std::string group;
    std::string pid_file;

    // Whether the process changes its user or group once it has bound.
    bool becomes_another() const { return !user.empty() || !group.empty(); }
  } process;
};

}  // namespace weir
