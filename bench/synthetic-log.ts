import { hash, randomBytes, randomUUIDv7 } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  emptyFrontier,
  encodeEntries,
  entriesPath,
  formatCheckpoint,
  formatVerifierKey,
  growTree,
  leafHash,
  newSigner,
  signNote,
  tilePath,
  tileWidth,
} from '../packages/evidence/src/evidence.ts'
import { leafText } from '../packages/evidence/src/leaf.ts'
import {
  type Commitments,
  chainStart,
  type Emitter,
  type RecordDraft,
} from '../packages/evidence/src/record.ts'

/**
 * A log of so many leaves, written straight into a folder without a store: the life of a busy gateway, in
 * which calls of fifty people overlap and every tenth is refused. Payloads are committed to, not disclosed.
 * Returns the text of its trust file. For measuring the verifier.
 */
export async function writeSyntheticLog(folder: string, leaves: number): Promise<string> {
  const origin = 'bench.example/synthetic'
  const signer = await newSigner(origin)
  const key = formatVerifierKey(signer)
  const draftOf = openLife({ origin, key, rulebook: writeRulebook(folder) })
  const complete = openEmitter()
  let growth = growTree(emptyFrontier, [])
  for (let size = 0; size < leaves; ) {
    const width = Math.min(tileWidth, leaves - size)
    const entries = Array.from({ length: width }, (_, at) => complete(draftOf(size + at)))
    growth = growTree(growth.frontier, entries.map(leafHash))
    const index = BigInt(size / tileWidth)
    put(folder, entriesPath({ index, width }), encodeEntries(entries))
    size += width
    for (const tile of growth.tiles) {
      if (tile.width === tileWidth) put(folder, tilePath(tile), tile.bytes)
    }
  }
  // A log drops the partial tiles of the sizes in between as it grows.
  for (const [level, bytes] of growth.frontier.edge.entries()) {
    const index = BigInt(leaves) >> BigInt(8 * (level + 1))
    const tile = { level, index, width: bytes.length / hashBytes }
    if (bytes.length > 0) put(folder, tilePath(tile), bytes)
  }
  const text = formatCheckpoint({ origin, size: BigInt(leaves), root: growth.root })
  put(folder, 'checkpoint', Buffer.from(await signNote(text, signer)))
  return `log ${key}\nquorum none\n`
}

function put(folder: string, path: string, bytes: Uint8Array): void {
  const target = join(folder, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, bytes)
}

const hashBytes = 32
const people = Array.from({ length: 50 }, (_, at) => `person-${at}`)
const callers = 16
const permit = 'support-read'
const leafMs = 2
const beatMs = 10_000

type Life = { readonly origin: string; readonly key: string; readonly rulebook: Rulebook }

/** What is recorded at each index; asked for in order. */
function openLife({ origin, key, rulebook }: Life): (index: number) => RecordDraft {
  const open: { readonly call: string; readonly intent: number; readonly session: string }[] = []
  const bornAt = Date.parse('2026-01-01T00:00:00.000Z')
  const { digest: policy, functions } = rulebook
  return (index) => {
    const time = new Date(bornAt + index * leafMs).toISOString()
    const sub = people[index % people.length] ?? ''
    const session = `ses_${sub}`
    if (index === 0) return { type: 'log.genesis', time, origin, key }
    if (index === 1) return { type: 'emitter.start', time, version: '0.1.0' }
    if (index === 2) {
      return { type: 'rulebook.activated', time, digest: policy, previous: 'none', by: 'corp:kim' }
    }
    if (index < 3 + people.length) {
      const party = { iss: 'corp', sub, kind: 'user', groups: ['callers'] } as const
      return { type: 'session.opened', time, session, parties: [party] }
    }
    if ((index * leafMs) % beatMs === 0) {
      return { type: 'heartbeat', time, elapsed: (index - 1) * leafMs, interval: beatMs }
    }
    const call = randomUUIDv7()
    const facts = {
      ...{ time, call, session, obo: [] },
      caller: { iss: 'corp', sub, authn: 'oidc', cred: policy },
      source: { ip: '10.1.2.3', protocol: 'http' },
      fn: functions[(index * 7) % functions.length] ?? { name: '', schema: '', server: '' },
      decision: { effect: 'deny', policy, obligations: [], rules: [], time } as const,
    }
    if (index % 10 === 9) {
      return { type: 'call.denied', ...facts, code: 'policy-denied', stage: 'resolved' }
    }
    const ended = open.length < callers ? undefined : open.shift()
    if (ended) {
      return { type: 'call.outcome', time, ...ended, ending: 'done', status: 200, masked: [] }
    }
    open.push({ call, intent: index, session })
    const decision = { ...facts.decision, effect: 'allow', rules: [permit] } as const
    return { type: 'call.authorized', ...facts, decision, masked: [], approvals: [] }
  }
}

/** Completes each draft with its place in one chain, and with commitments where a call has payloads. */
function openEmitter(): (draft: RecordDraft) => Uint8Array {
  let emitter: Emitter = { boot: 'boot-0', instance: 'gw-1', prev: chainStart, seq: 0 }
  return (draft) => {
    const bytes = Buffer.from(leafText(draft, emitter, commitmentsOf(draft)))
    const prev = `sha256:${Buffer.from(leafHash(bytes)).toString('hex')}`
    emitter = { ...emitter, prev, seq: emitter.seq + 1 }
    return bytes
  }
}

function commitmentsOf({ type }: RecordDraft): Commitments {
  const commitment = () => {
    const c = randomBytes(32).toString('base64url')
    return { alg: 'HMAC-SHA-256', c, len: 1000, mt: 'application/json' } as const
  }
  if (type === 'call.authorized') return { args: commitment() }
  return type === 'call.outcome' ? { result: commitment(), returned: commitment() } : {}
}

type Rulebook = {
  readonly digest: string
  readonly functions: readonly {
    readonly name: string
    readonly schema: string
    readonly server: string
  }[]
}

/** Twenty functions and the policy that allows them. No arguments are disclosed, so no decision can be asked again. */
function writeRulebook(folder: string): Rulebook {
  const functions = Array.from({ length: 20 }, (_, at) => {
    const definition = `{"connection":"crm","id":"crm.customer.action-${at}"}`
    const digest = `sha256:${hash('sha256', definition, 'hex')}`
    return { name: `crm.customer.action-${at}`, schema: digest, server: 'crm' }
  })
  const content = JSON.stringify({
    connections: [{ id: 'crm', prefix: '/crm' }],
    functions: functions.map(({ name, schema }) => {
      return { connection: 'crm', digest: schema, id: name }
    }),
    policies: [{ id: permit, effect: 'permit', text: `permit(principal, action, resource);` }],
  })
  const hex = hash('sha256', content, 'hex')
  put(folder, `rulebooks/${hex}.json`, Buffer.from(content))
  return { digest: `sha256:${hex}`, functions }
}
