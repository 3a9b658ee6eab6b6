// SPDX-License-Identifier: Apache-2.0
//
// Ghostery's engine (npm: @ghostery/adblocker), network filters only, over the same lists and
// requests: node --expose-gc ghostery.mjs REQUESTS LIST,LIST...
import { createRequire } from 'node:module';

import { lists, measure } from './common.mjs';

const { FiltersEngine, Request } = createRequire(process.cwd() + '/')('@ghostery/adblocker');

await measure(
  async () => FiltersEngine.parse(lists.map((list) => list.raw).join('\n'), { loadCosmeticFilters: false }),
  (engine, { url, page, type }) => engine.match(Request.fromRawDetails({ url, sourceUrl: page, type })).match,
);
process.exit(0);
