// SPDX-License-Identifier: Apache-2.0
//
// What the drivers of other engines share: the lists and requests of the command line, the type and
// page a browser would have told, the measured passes, and one line of JSON on standard output.
// Working out type and page from the request's fields is Weir's work too; here it is done before
// the clock runs, which favours the others.
import { readFileSync } from 'node:fs';

const [requestsPath, listsText] = process.argv.slice(2);
export const lists = listsText.split(',').map((path) => ({ name: path, raw: readFileSync(path, 'utf8') }));

const TYPES = {
  document: 'main_frame', iframe: 'sub_frame', frame: 'sub_frame', script: 'script', style: 'stylesheet',
  image: 'image', font: 'font', video: 'media', audio: 'media', object: 'object', embed: 'object',
  websocket: 'websocket', report: 'csp_report', empty: 'xmlhttprequest', worker: 'script',
};

export function readRequests() {
  const out = [];
  for (const line of readFileSync(requestsPath, 'utf8').split('\n')) {
    if (line === '') continue;
    const { url, headers = {} } = JSON.parse(line);
    const type = TYPES[headers['sec-fetch-dest']] ?? 'other';
    const page = type === 'main_frame' ? url : headers.referer ?? headers.origin ?? url;
    out.push({ url, page, type });
  }
  return out;
}

function memory() {
  globalThis.gc();
  globalThis.gc();
  const used = process.memoryUsage();
  return used.heapUsed + used.external;
}

function cpu() {
  const { user, system } = process.cpuUsage();
  return user + system; // microseconds
}

// `load` makes the engine, `decide(engine, request)` says whether it blocks.
export async function measure(load, decide) {
  const before = memory();
  const started = cpu();
  const engine = await load();
  const loadMs = (cpu() - started) / 1000;
  const megabytes = (memory() - before) / 2 ** 20;
  const requests = readRequests();
  for (let pass = 0; pass < 2; ++pass) { // for the compiler
    for (const request of requests) decide(engine, request);
  }
  const took = new Float64Array(requests.length).fill(Infinity);
  let blocked = 0;
  let least = Infinity;
  for (let pass = 0; pass < 3; ++pass) {
    blocked = 0;
    const begin = cpu();
    for (let i = 0; i < requests.length; ++i) blocked += decide(engine, requests[i]) ? 1 : 0;
    least = Math.min(least, cpu() - begin);
    for (let i = 0; i < requests.length; ++i) {
      const from = process.hrtime.bigint();
      decide(engine, requests[i]);
      took[i] = Math.min(took[i], Number(process.hrtime.bigint() - from) / 1000);
    }
  }
  took.sort();
  const at = (share) => took[Math.min(took.length - 1, Math.floor(share * took.length))];
  console.log(JSON.stringify({
    load_ms: loadMs, requests: requests.length, blocked, decide_us_mean: least / requests.length,
    decide_us_p50: at(0.5), decide_us_p99: at(0.99), lists_mb: megabytes,
    rss_mb: process.memoryUsage.rss() / 2 ** 20,
  }));
}
