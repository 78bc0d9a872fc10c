import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { filesSource, LogBuilder } from '../test/log-builder.ts'
import { type Canonical, canonicalText } from './canonical.ts'
import { formatProof } from './proof.ts'
import { inclusionProof } from './prove.ts'
import { parseTrust } from './trust.ts'
import { type PackFlaw, packReceipt, verifyPack } from './verify-pack.ts'

type Item = { readonly [member: string]: Canonical }
type Told = {
  campaign: { readonly [member: string]: Canonical }
  items: readonly Item[]
  population: readonly string[]
  /** Members of the record of its closing. */
  closed: Readonly<Record<string, unknown>>
  /** After everything was hashed. */
  readonly files: Map<string, Uint8Array>
  /** After the manifest was made. */
  damage: (files: Map<string, Uint8Array>) => void
}

const encoder = new TextEncoder()
const sha256 = (bytes: string | Uint8Array) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const line = ({ content = '', grant = '', tier = '' }: Item) =>
  `${canonicalText({ content, grant, tier })}\n`

function item(id: string, more: Item = {}): Item {
  const decision = {
    ...{ level: 1, by: 'corp:dana', decision: 'keep', reason: 'used', at: 5, when: [] },
    ...{ shown: 'sha256:s', recommended: 'keep', dwellMs: 4000 },
  }
  return {
    ...{ id, campaign: 'cmp_1', grant: `g-${id}`, content: 'sha256:c', tier: 'low' },
    ...{ assigned: { groups: [], people: [] }, state: 'VERIFIED', decisions: [decision] },
    ...{ moved: [], revision: 3 },
    ...more,
  }
}

const by = (...people: readonly string[]): Canonical =>
  people.map((one, at) => ({ by: one, level: at + 1, decision: 'keep', dwellMs: 5 }))

/** A pack of three items, one of which asks again, told otherwise where `lie` does; and what is found of it. */
async function check(
  lie: (told: Told) => void,
  expected: readonly (readonly [PackFlaw, string])[],
): Promise<void> {
  const items = [
    item('i1'),
    item('i2', { state: 'VOIDED', reopened: 'i3', decisions: [] }),
    item('i3', { grant: 'g-i2', content: 'sha256:d' }),
  ]
  const told: Told = {
    campaign: { id: 'cmp_1', owner: 'corp:kim', state: 'CLOSED' },
    items,
    population: items.slice(0, 2).map(line),
    closed: {},
    files: new Map(),
    damage: () => {},
  }
  lie(told)
  const { files } = told
  const population = told.population.join('')
  const frozen = { count: 2, excluded: 0, at: 1, hash: sha256(population) }
  files.set(
    'campaign.json',
    encoder.encode(canonicalText({ population: frozen, ...told.campaign })),
  )
  files.set('population.ndjson', encoder.encode(population))
  const lines = told.items.map((one) => `${canonicalText(one)}\n`)
  files.set('items.ndjson', encoder.encode(lines.join('')))
  files.set('summary.html', encoder.encode('<!doctype html>'))
  const listed = [...files].map(([name, bytes]) => {
    return { name, bytes: bytes.length, sha256: sha256(bytes) }
  })
  const manifest = canonicalText({ v: 'sallyport-review/1', campaign: 'cmp_1', files: listed })
  files.set('manifest.json', encoder.encode(manifest))
  const log = new LogBuilder()
  log.add({ type: 'emitter.start', version: '1' })
  const index = log.add({
    ...{ type: 'campaign.closed', campaign: 'cmp_1', by: 'corp:kim' },
    ...{ manifest: sha256(manifest), population: frozen.hash },
    counts: [{ n: told.items.length, what: 'keep' }],
    ...told.closed,
  })
  log.add({ type: 'emitter.stop' })
  files.set(packReceipt, encoder.encode(await receiptOf(log, index)))
  told.damage(files)
  const verdict = await verifyPack(filesSource(files), parseTrust(log.trust()))
  assert.deepEqual(
    verdict.findings.map(({ code, about }) => [code, about]),
    expected,
  )
  assert.equal(verdict.ok, expected.length === 0)
}

async function receiptOf(log: LogBuilder, index: number): Promise<string> {
  const hashes = log.leaves.map((leaf) => {
    return createHash('sha256').update(Buffer.of(0)).update(leaf).digest()
  })
  const size = BigInt(hashes.length)
  const proof = await inclusionProof(BigInt(index), size, async (level, at) => {
    assert.equal(level, 0)
    return hashes[Number(at)] ?? assert.fail()
  })
  const extra = log.leaves[index] ?? assert.fail()
  return formatProof({ extra, index: BigInt(index), proof, checkpoint: log.checkpoint() })
}

const rows: readonly (readonly [
  string,
  (told: Told) => void,
  readonly (readonly [PackFlaw, string])[],
])[] = [
  ['a pack as it was made', () => {}, []],
  [
    'a file that was altered',
    (told) => {
      told.damage = (files) => files.set('summary.html', encoder.encode('<p>all is well</p>'))
    },
    [['pack-altered', 'summary.html']],
  ],
  [
    'a file that is missing',
    (told) => {
      told.damage = (files) => void files.delete('summary.html')
    },
    [['pack-malformed', 'summary.html']],
  ],
  [
    'a file that nobody named',
    (told) => {
      told.damage = (files) => files.set('more.html', encoder.encode('x'))
    },
    [['pack-altered', 'more.html']],
  ],
  [
    'a manifest that names another',
    (told) => {
      told.closed = { manifest: sha256('another') }
    },
    [['pack-mismatch', packReceipt]],
  ],
  [
    'a record of another campaign',
    (told) => {
      told.closed = { campaign: 'cmp_2' }
    },
    [['pack-mismatch', packReceipt]],
  ],
  [
    'a record with another population',
    (told) => {
      told.closed = { population: sha256('x') }
    },
    [['pack-mismatch', packReceipt]],
  ],
  [
    'a record of fewer items',
    (told) => {
      told.closed = { counts: [{ n: 1, what: 'keep' }] }
    },
    [['pack-mismatch', packReceipt]],
  ],
  [
    'a record of something else',
    (told) => {
      told.closed = { type: 'emitter.stop', manifest: undefined, population: undefined }
      told.closed = { ...told.closed, campaign: undefined, by: undefined, counts: undefined }
    },
    [['pack-unbound', packReceipt]],
  ],
  [
    'a pack without a receipt',
    (told) => {
      told.damage = (files) => void files.delete(packReceipt)
    },
    [['pack-unbound', packReceipt]],
  ],
  [
    'a receipt that proves nothing',
    (told) => {
      told.damage = (files) => {
        const text = Buffer.from(files.get(packReceipt) ?? []).toString()
        files.set(packReceipt, encoder.encode(text.replace('index 1', 'index 2')))
      }
    },
    [['pack-unbound', packReceipt]],
  ],
  [
    'a population without one of the grants that were asked about',
    (told) => {
      told.population = told.population.slice(1)
    },
    [['pack-population', 'items.ndjson']],
  ],
  [
    'a population with a grant that nobody was asked about',
    (told) => {
      told.population = [...told.population, line(item('i9'))]
    },
    [['pack-population', 'items.ndjson']],
  ],
  [
    'a population other than the campaign says',
    (told) => {
      told.campaign = { ...told.campaign, population: { hash: sha256('x') } }
    },
    [
      ['pack-population', 'population.ndjson'],
      ['pack-mismatch', packReceipt],
    ],
  ],
  [
    'an item of another campaign',
    (told) => {
      told.items = [item('i1', { campaign: 'cmp_2' }), ...told.items.slice(1)]
    },
    [['pack-items', 'i1']],
  ],
  [
    'an item that was left open',
    (told) => {
      told.items = [item('i1', { state: 'UNREVIEWED', decisions: [] }), ...told.items.slice(1)]
    },
    [['pack-items', 'i1']],
  ],
  [
    'an item that nobody decided',
    (told) => {
      told.items = [item('i1', { state: 'NO_RESPONSE', decisions: [] }), ...told.items.slice(1)]
    },
    [],
  ],
  [
    'an item whose second asking is not there',
    (told) => {
      told.items = told.items.slice(0, 2)
    },
    [['pack-items', 'i2']],
  ],
  [
    'an item that is none',
    (told) => {
      told.items = [...told.items, { id: 'i4' }]
    },
    [
      ['pack-malformed', 'items.ndjson line 4'],
      ['pack-mismatch', packReceipt],
    ],
  ],
  [
    'a decision by who answers for the campaign',
    (told) => {
      told.items = [item('i1', { decisions: by('corp:kim') }), ...told.items.slice(1)]
    },
    [['pack-reviewer', 'i1']],
  ],
  [
    'two decisions of one person',
    (told) => {
      told.items = [
        item('i1', { decisions: by('corp:dana', 'operator:Dana') }),
        ...told.items.slice(1),
      ]
    },
    [['pack-reviewer', 'i1']],
  ],
  [
    'a critical grant kept by one',
    (told) => {
      const critical = item('i1', { tier: 'critical' })
      told.items = [critical, ...told.items.slice(1)]
      told.population = [line(critical), ...told.population.slice(1)]
    },
    [['pack-by-one', 'i1']],
  ],
  [
    'a critical grant kept by two',
    (told) => {
      const critical = item('i1', { tier: 'critical', decisions: by('corp:dana', 'corp:lee') })
      told.items = [critical, ...told.items.slice(1)]
      told.population = [line(critical), ...told.population.slice(1)]
    },
    [],
  ],
  [
    'a grant of high risk kept in bulk',
    (told) => {
      const high = item('i1', { tier: 'high', decisions: [{ by: 'corp:dana', decision: 'keep' }] })
      told.items = [high, ...told.items.slice(1)]
      told.population = [line(high), ...told.population.slice(1)]
    },
    [['pack-in-bulk', 'i1']],
  ],
  [
    'a decision whose remediation failed',
    (told) => {
      told.items = [item('i1', { state: 'APPLIED' }), ...told.items.slice(1)]
    },
    [['pack-unverified', 'i1']],
  ],
]
for (const [name, lie, expected] of rows) test(name, () => check(lie, expected))
