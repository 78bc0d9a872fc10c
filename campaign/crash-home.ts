import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { openSource } from '../packages/evidence/src/cli/open-source.ts'
import {
  emptyFrontier,
  type Frontier,
  frontierRoot,
  growTree,
  leafHash,
  parseCheckpoint,
  parseTrust,
  verifyBundle,
} from '../packages/evidence/src/evidence.ts'

/** What the outside of a gateway knows: whom it acknowledged what, and what the upstream was asked to do. */
export type Journal = {
  /** Index of the outcome's record, by call. */
  readonly acknowledged: Map<string, number>
  /** Calls that reached the upstream; the index of the intent where the upstream was told it. */
  readonly effects: Map<string, number | undefined>
}

export const emptyJournal = (): Journal => ({ acknowledged: new Map(), effects: new Map() })

export type CrashHome = {
  /** After a kill, before the next start: throws for whatever is lost, made up or inconsistent. */
  readonly check: (journal: Journal) => { readonly records: number; readonly published: number }
  /** After a polite close: the whole log, by the verifier an auditor has. */
  readonly verify: (trust: string, checks: readonly string[] | 'all') => Promise<void>
}

/** Looks at one home folder from outside, from kill to kill; nothing it saw may ever be gone. */
export function openCrashHome(home: string): CrashHome {
  const leaves: { type: string; call: string | undefined; hash: Uint8Array }[] = []
  const chains = new Map<string, { seq: number; hash: string }>()
  const intents = new Map<string, number>()
  const endings = new Map<number, string>()
  let frontier: Frontier = emptyFrontier
  const stillness = monitorEventLoopDelay({ resolution: 100 })
  stillness.enable()
  /** Whether this machine was so busy that programs on it did not run for a while: this one did not either. */
  const wasStarved = () => stillness.max >= starvedNs

  const readLeaf = (bytes: Uint8Array, index: number) => {
    const { type, call, intent, emitter } = JSON.parse(Buffer.from(bytes).toString())
    const before = chains.get(emitter.boot)
    assert.equal(emitter.seq, before ? before.seq + 1 : 0, `seq of leaf ${index}`)
    assert.equal(emitter.prev, before?.hash ?? `sha256:${'0'.repeat(64)}`, `prev of leaf ${index}`)
    const leaf = leafHash(bytes)
    const hash = `sha256:${Buffer.from(leaf).toString('hex')}`
    chains.set(emitter.boot, { seq: emitter.seq, hash })
    if (type === 'call.authorized') intents.set(call, index)
    if (type === 'call.outcome' || type === 'reconcile.indeterminate') {
      assert.equal(endings.get(intent), undefined, `intent ${intent} has two endings`)
      assert.equal(intents.get(call), intent, `leaf ${index} ends an intent that is not there`)
      endings.set(intent, type)
    }
    leaves.push({ type, call, hash: leaf })
  }
  const checkPublished = (stored: number): number => {
    const path = join(home, 'log/checkpoint')
    if (!existsSync(path)) return 0
    const { size, root } = parseCheckpoint(readFileSync(path, 'utf8'))
    assert.ok(size >= frontier.size, 'what was published became smaller')
    assert.ok(Number(size) <= stored, 'more is published than was signed')
    assert.ok(Number(size) <= leaves.length, 'more is published than is stored')
    const grown = leaves.slice(Number(frontier.size), Number(size)).map(({ hash }) => hash)
    if (grown.length > 0) ({ frontier } = growTree(frontier, grown))
    assert.deepEqual(Buffer.from(root), Buffer.from(frontierRoot(frontier)), 'the published root')
    return Number(size)
  }
  return {
    check: ({ acknowledged, effects }) => {
      if (!existsSync(join(home, 'sallyport.db'))) {
        assert.equal(acknowledged.size + effects.size, 0)
        return { records: 0, published: 0 }
      }
      const stored = readNew(home, leaves.length, readLeaf)
      for (const [call, index] of acknowledged) {
        const leaf = leaves[index]
        assert.deepEqual([leaf?.type, leaf?.call], ['call.outcome', call], 'an acknowledged record')
      }
      for (const [call, intent] of effects) {
        const found = intents.get(call)
        assert.ok(found !== undefined, `effect of ${call} without an intent`)
        if (intent !== undefined) assert.equal(found, intent)
      }
      return { records: leaves.length, published: checkPublished(stored) }
    },
    verify: async (trust, checks) => {
      for (const [call, index] of intents) {
        assert.ok(endings.has(index), `the intent of ${call} has no ending`)
      }
      const source = await openSource(join(home, 'log'))
      try {
        const verdict = await verifyBundle(source, parseTrust(trust))
        assert.equal(Number(verdict.size), leaves.length, 'all of it is published')
        const wrong = verdict.findings.filter(
          ({ level, check, code }) =>
            level === 'failure' &&
            (checks === 'all' || checks.includes(check)) &&
            // Of a gateway that was not let run, its silence is the truth.
            (code !== 'heartbeat-gap' || !wasStarved()),
        )
        assert.deepEqual(wrong, [])
      } finally {
        await source.close()
      }
    },
  }
}

const starvedNs = 1e9

/** Reads the leaves from `from` on behind the gateway's back; returns the size of the stored checkpoint. */
function readNew(
  home: string,
  from: number,
  read: (bytes: Uint8Array, index: number) => void,
): number {
  const db = new DatabaseSync(join(home, 'sallyport.db'), { readOnly: true, timeout: 5000 })
  try {
    // Killed before there was a schema: then nothing was acknowledged either.
    if (!db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'leaf'").get()) return 0
    const rows = db.prepare('SELECT "index" AS at, bytes FROM leaf WHERE "index" >= ? ORDER BY 1')
    let index = from
    for (const row of rows.iterate(from)) {
      assert.equal(row.at, index, 'indexes have no gap')
      assert.ok(row.bytes instanceof Uint8Array)
      read(row.bytes, index++)
    }
    assert.equal(db.prepare('SELECT count(*) AS n FROM leaf').get()?.n, index, 'a leaf is gone')
    return Number(db.prepare('SELECT size FROM publication').get()?.size)
  } finally {
    db.close()
  }
}
