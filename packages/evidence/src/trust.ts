import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { toBase64, toHex32, utf8Text } from './encoding.ts'
import { EvidenceError } from './error.ts'
import { cosignatureType, ed25519Type, parseVerifierKey, type VerifierKey } from './key.ts'
import { parseNote, type SignedBy, verifyNote } from './note.ts'

/** What an auditor relies on, and nothing else (c2sp.org/tlog-policy). */
export type Trust = {
  readonly logs: readonly { readonly key: VerifierKey; readonly url?: string }[]
  readonly witnesses: readonly Witness[]
  readonly groups: readonly Group[]
  /** Name of a witness or of a group; `undefined` where the file says `none`. */
  readonly quorum: string | undefined
}
type Witness = { readonly name: string; readonly key: VerifierKey; readonly url?: string }
/** Witnesses when at least `threshold` of its members do: witnesses, or groups defined before it. */
type Group = {
  readonly name: string
  readonly threshold: number
  readonly members: readonly string[]
}

export type Trusted = {
  readonly checkpoint: Checkpoint
  /** The log's keys that signed. */
  readonly logKeys: readonly VerifierKey[]
  /** Witnesses that cosigned, needed or not; `time` in Unix seconds, as the witness says. */
  readonly witnesses: readonly { readonly name: string; readonly time: number }[]
}

/**
 * A file's bytes, or its text. Throws `EvidenceError` with the number of the line for anything the specification
 * does not allow. In comments all bytes from 0x80 on are fine; elsewhere they have to be UTF-8, as keys' names are.
 */
export function parseTrust(file: string | Uint8Array): Trust {
  const lines = linesOf(file)
  // A file that was cut off may still have a whole line's sense: another quorum.
  if (lines.pop() !== '') throw malformedTrust(lines.length + 1, 'does not end in a newline')
  const draft: Draft = { logs: [], witnesses: [], groups: [], members: new Set(), quorums: [] }
  lines.forEach((line, at) => {
    const [keyword, ...items] = line.split(/[ \t]+/).filter((item) => item !== '')
    if (keyword === undefined || keyword.startsWith('#')) return
    const problem = addLine(draft, keyword, items)
    if (problem !== undefined) throw malformedTrust(at + 1, problem)
  })
  const [quorum] = draft.quorums
  if (quorum === undefined) throw malformedTrust(lines.length, 'is the last, and none says quorum')
  const { logs, witnesses, groups } = draft
  return { logs, witnesses, groups, quorum: quorum === none ? undefined : quorum }
}

/**
 * The checkpoint in this note, when one of the logs of `trust` signed it under its own name and
 * enough witnesses cosigned. Throws `EvidenceError`: `trust-unmet` when not, `signature-invalid` when
 * the signature of any trusted key is bad, or what the parsers throw.
 */
export async function checkTrust(noteText: string, trust: Trust): Promise<Trusted> {
  const checkpoint = parseCheckpoint(parseNote(noteText).text)
  // A log vouches for no other log: its key counts under its own origin only.
  const logKeys = trust.logs.map(({ key }) => key).filter(({ name }) => name === checkpoint.origin)
  const signedBy = await signers(noteText, [...logKeys, ...trust.witnesses.map(({ key }) => key)])
  const signedLogs = signedBy.filter(({ type }) => type === ed25519Type)
  if (signedLogs.length === 0) throw unmet(unsigned(noteText, checkpoint.origin, trust))
  const witnesses = trust.witnesses.flatMap(({ name, key }) => {
    const time = signedBy.find((one) => one.id === key.id && one.name === key.name)?.time
    return time === undefined ? [] : [{ name, time }]
  })
  if (!isQuorum(trust, new Set(witnesses.map(({ name }) => name)))) {
    throw unmet('too few witnesses of the trust file cosigned the checkpoint')
  }
  return { checkpoint, logKeys: signedLogs, witnesses }
}

/** Which keys signed and which are trusted, because a key of another log may have the same name. */
function unsigned(noteText: string, origin: string, { logs }: Trust): string {
  const signed = parseNote(noteText).signatures.filter(({ name }) => name === origin)
  return (
    `no log of the trust file signed the checkpoint: it is signed by ${named(signed)}, and trusted are ` +
    `${named(logs.map(({ key }) => key))}; get the trust file of that log (sallyport evidence trust)`
  )
}

/** Their names with their ids, as they stand in a trust file before the key itself. */
function named(keys: readonly Pick<VerifierKey, 'id' | 'name'>[]): string {
  if (keys.length === 0) return 'no key of a log'
  const shown = keys.slice(0, keysNamed).map(({ name, id }) => {
    return `${name.length > nameShown ? `${name.slice(0, nameShown)}…` : name}+${toHex32(id)}`
  })
  return `${shown.join(', ')}${keys.length > keysNamed ? ' and others' : ''}`
}

/** Of what others wrote as much as a line holds: three keys sign at a time. */
const keysNamed = 3
const nameShown = 80

function linesOf(file: string | Uint8Array): string[] {
  if (typeof file === 'string') {
    return file
      .split('\n')
      .map((line, at) => checkedLine(line.isWellFormed() ? line : undefined, at))
  }
  const lines: string[] = []
  for (let start = 0; start <= file.length; ) {
    const newline = file.indexOf(0x0a, start)
    const end = newline < 0 ? file.length : newline
    lines.push(checkedLine(lineText(file.subarray(start, end)), lines.length))
    start = end + 1
  }
  return lines
}

/** What the bytes say, each for itself where they are a comment. Undefined where they say nothing. */
function lineText(bytes: Uint8Array): string | undefined {
  const octets = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return /^[ \t]*#/.test(octets) ? octets : utf8Text(bytes)
}

function checkedLine(line: string | undefined, at: number): string {
  if (line === undefined) throw malformedTrust(at + 1, 'is no UTF-8')
  if (line.endsWith('\r')) {
    throw malformedTrust(at + 1, 'ends in a carriage return: lines end in a newline alone')
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(line)) return line
  throw malformedTrust(at + 1, 'has a control character')
}

const none = 'none'
/** The specification asks for 32 of each; a file with more than this was not made for reading. */
const definitionsMax = 1024

type Draft = {
  readonly logs: { readonly key: VerifierKey; readonly url?: string }[]
  readonly witnesses: Witness[]
  readonly groups: Group[]
  /** Names that are in a group already: each counts once, in one way. */
  readonly members: Set<string>
  readonly quorums: string[]
}

/** What is wrong with the line, or `undefined` when it has been added. */
function addLine(draft: Draft, keyword: string, items: readonly string[]): string | undefined {
  if (draft.logs.length + draft.witnesses.length + draft.groups.length >= definitionsMax) {
    return 'is one definition too many'
  }
  switch (keyword) {
    case 'log':
      return addLog(draft, items)
    case 'witness':
      return addWitness(draft, items)
    case 'group':
      return addGroup(draft, items)
    case 'quorum':
      return addQuorum(draft, items)
    default:
      return 'begins with an unknown word'
  }
}

function addLog({ logs }: Draft, items: readonly string[]): string | undefined {
  const [text, url] = items
  if (text === undefined || items.length > 2) return 'does not read: log <vkey> [<url>]'
  const key = keyOf(text, ed25519Type)
  if (typeof key === 'string') return key
  if (logs.some((log) => isSameKey(log.key, key))) return 'repeats the key of a log'
  logs.push(url === undefined ? { key } : { key, url })
  return undefined
}

function addWitness(draft: Draft, items: readonly string[]): string | undefined {
  const [name, text, url] = items
  if (name === undefined || text === undefined || items.length > 3) {
    return 'does not read: witness <name> <vkey> [<url>]'
  }
  if (name === none || isDefined(draft, name)) return 'defines a name that is taken'
  const key = keyOf(text, cosignatureType)
  if (typeof key === 'string') return key
  if (draft.witnesses.some((one) => isSameKey(one.key, key))) return 'repeats the key of a witness'
  draft.witnesses.push(url === undefined ? { name, key } : { name, key, url })
  return undefined
}

function addGroup(draft: Draft, items: readonly string[]): string | undefined {
  const [name, least, ...members] = items
  if (name === undefined || least === undefined || members.length === 0) {
    return 'does not read: group <name> all|any|<k> <name>...'
  }
  if (name === none || isDefined(draft, name)) return 'defines a name that is taken'
  const threshold = thresholdOf(least, members.length)
  if (threshold === undefined) return `asks for a number that is not 1 to ${members.length}`
  for (const member of members) {
    if (!isDefined(draft, member)) return 'names a member that no line before it defines'
    if (draft.members.has(member)) return 'names a member that is in a group already'
    draft.members.add(member)
  }
  draft.groups.push({ name, threshold, members })
  return undefined
}

function addQuorum(draft: Draft, items: readonly string[]): string | undefined {
  const [name] = items
  if (name === undefined || items.length > 1) return 'does not read: quorum <name>'
  if (draft.quorums.length > 0) return 'is a second quorum'
  if (name !== none && !isDefined(draft, name))
    return 'asks for a name that no line before it defines'
  draft.quorums.push(name)
  return undefined
}

function thresholdOf(least: string, members: number): number | undefined {
  if (least === 'all') return members
  if (least === 'any') return 1
  const threshold = /^[1-9][0-9]{0,8}$/.test(least) ? Number(least) : 0
  return threshold >= 1 && threshold <= members ? threshold : undefined
}

/** The key, or what is wrong with it. */
function keyOf(text: string, type: VerifierKey['type']): VerifierKey | string {
  try {
    const key = parseVerifierKey(text)
    return key.type === type ? key : `has a key that is not of type 0x0${type}`
  } catch (error) {
    return error instanceof EvidenceError ? `holds no usable key: ${error.message}` : 'holds no key'
  }
}

function isDefined({ witnesses, groups }: Draft, name: string): boolean {
  return [...witnesses, ...groups].some((one) => one.name === name)
}

/** The same public key under another name is the same key. */
function isSameKey(a: VerifierKey, b: VerifierKey): boolean {
  return toBase64(a.publicKey) === toBase64(b.publicKey)
}

async function signers(
  noteText: string,
  keys: readonly VerifierKey[],
): Promise<readonly SignedBy[]> {
  try {
    return (await verifyNote(noteText, keys)).signedBy
  } catch (error) {
    if (error instanceof EvidenceError && error.code === 'signature-missing') return []
    throw error
  }
}

function isQuorum({ groups, quorum }: Trust, cosigned: ReadonlySet<string>): boolean {
  if (quorum === undefined) return true
  const met = new Set(cosigned)
  // Members are defined before their group, so one pass in order settles every group.
  for (const { name, threshold, members } of groups) {
    if (members.filter((member) => met.has(member)).length >= threshold) met.add(name)
  }
  return met.has(quorum)
}

function unmet(why: string): EvidenceError {
  return new EvidenceError('trust-unmet', why)
}

function malformedTrust(line: number, why: string): EvidenceError {
  return new EvidenceError('trust-malformed', `the trust file, line ${line}: ${why}`)
}
