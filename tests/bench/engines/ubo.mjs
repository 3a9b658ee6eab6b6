// SPDX-License-Identifier: Apache-2.0
//
// uBlock Origin's network engine (npm: @gorhill/ubo-core) over the same lists and requests:
// node --expose-gc ubo.mjs REQUESTS LIST,LIST...
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import { lists, measure } from './common.mjs';

const find = createRequire(process.cwd() + '/');
const { StaticNetFilteringEngine } = await import(pathToFileURL(find.resolve('@gorhill/ubo-core')));

await measure(
  async () => {
    const engine = await StaticNetFilteringEngine.create();
    await engine.useLists(lists.map((list) => ({ ...list })));
    return engine;
  },
  (engine, { url, page, type }) => engine.matchRequest({ originURL: page, url, type }) === 1,
);
process.exit(0);
