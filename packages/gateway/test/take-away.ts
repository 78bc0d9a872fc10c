import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { parseTrust, type Verdict, verifyBundle } from '@sallyport/evidence'
import { openSource } from '../../evidence/src/cli/open-source.ts'
import type { Seen } from './caller.ts'
import { type House, type Person, until } from './house.ts'

export const auditor: Person = { sub: 'ann', groups: ['auditor'] }
export const reader: Person = { sub: 'rita', groups: ['auditor', 'payload-reader'] }

type Asked = {
  readonly scope: 'whole' | 'range' | 'session'
  readonly since?: string
  readonly until?: string
  readonly session?: string
  readonly payloads: boolean
}

/** Waits until the record is under a published checkpoint. */
export async function integrated(house: House, index: number): Promise<Seen> {
  let seen: Seen | undefined
  await until(async () => {
    seen = await house.admin(auditor, 'GET', `/records/${index}/proof`)
    return seen.status === 200
  }, `record ${index} was integrated`)
  return seen ?? assert.fail()
}

/** Everything of an export, in a folder. */
export async function takeAway(
  t: TestContext,
  house: House,
  asked: Asked,
): Promise<{ readonly folder: string; readonly paths: readonly string[] }> {
  const planned = await house.admin(reader, 'POST', '/exports', asked)
  assert.equal(planned.status, 201, planned.text())
  const { id, files } = planned.json()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-export-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const paths: string[] = []
  for (let cursor = ''; ; ) {
    const query = `limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`
    const listed = await house.admin(reader, 'GET', `/exports/${id}/files?${query}`)
    assert.equal(listed.status, 200, listed.text())
    const { data, next_cursor } = listed.json()
    for (const { path, bytes } of data) {
      const got = await house.admin(reader, 'GET', `/exports/${id}/files/${path}`)
      assert.equal(got.status, 200, `${path}: ${got.text()}`)
      if (bytes !== null) assert.equal(got.body.length, bytes, path)
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), got.body)
      paths.push(path)
    }
    if (next_cursor === null) break
    cursor = next_cursor
  }
  assert.equal(new Set(paths).size, paths.length, 'no file twice')
  assert.equal(paths.filter((path) => !path.startsWith('payloads/')).length, files)
  return { folder, paths }
}

/** What an auditor sees who has nothing but the folder and the trust file. */
export async function verified(
  house: House,
  folder: string,
  expect: Asked['scope'] = 'whole',
): Promise<Verdict> {
  const trust = await house.admin(auditor, 'GET', '/evidence/trust')
  const source = await openSource(folder)
  try {
    return await verifyBundle(source, parseTrust(trust.text()), { expect })
  } finally {
    await source.close()
  }
}

/** Findings as `code record`, so that a row can name them. */
export function told(verdict: Verdict): readonly string[] {
  return verdict.findings.map(({ code, record, message }) =>
    process.env.SALLYPORT_DEBUG ? `${code} ${record} ${message}` : `${code} ${record ?? ''}`.trim(),
  )
}
