import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeSyntheticLog } from '../../../../bench/synthetic-log.ts'
import { openSource } from '../cli/open-source.ts'
import { parseTrust } from '../trust.ts'
import { verifyBundle } from './bundle.ts'

/** The benchmark takes minutes, and is run seldom: what it verifies has to keep up with every new check. */
test('the log that the benchmark verifies is one a gateway could write', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-synthetic-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const trust = await writeSyntheticLog(folder, 6_000)
  const source = await openSource(folder)
  t.after(() => source.close())
  const { ok, size, findings } = await verifyBundle(source, parseTrust(trust))
  const told = findings.map(({ code }) => code).filter((code) => code !== 'call-running')
  assert.deepEqual({ ok, size, told }, { ok: true, size: 6_000n, told: [] })
})
