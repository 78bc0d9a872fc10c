import type { DescribedOperation } from '../model/described-operation.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { FunctionHold } from '../model/function-hold.ts'
import { matchUri, readUriTemplate } from '../model/uri-template.ts'

/** What an upstream said of itself when it was last read, by operation. */
export type Described = ReadonlyMap<string, DescribedOperation>

/**
 * Whether a function is what was registered, as its upstream describes it: undefined when it is, or when its owner
 * has accepted exactly what it is now in place of exactly what is registered. Pure.
 */
export function departure(
  fn: Pick<FunctionDefinition, 'source'>,
  described: Described,
  hold: FunctionHold | undefined,
): 'drift' | 'gone' | undefined {
  if (!fn.source) return undefined
  const { operation, digest: registered } = fn.source
  const found = described.get(operation)?.digest ?? ''
  if (found === registered) return undefined
  // What ended by itself was accepted in place of nothing.
  const isAccepted = hold?.state === 'accepted' && hold.accepted?.by !== gatewayItself
  if (isAccepted && hold.found === found && hold.registered === registered) return undefined
  return found === '' ? 'gone' : 'drift'
}

const gatewayItself = 'gateway:catalogue'

/** A hold as it has to be from now on. `by`: it ends, and who ended it; absent: it begins, or is of something else. */
export type HoldChange = {
  readonly hold: FunctionHold
  readonly expectedRevision: number
  readonly ended?: { readonly by: string; readonly note: string }
}

/**
 * What has to be written down after a look at one connection's upstream. A quarantine never ends because the
 * upstream says something else: people accept it, or put a rulebook in force that registers exactly what was found.
 * Pure; `described` undefined: only what the rulebook itself settles.
 */
export function changesAfter(looked: {
  readonly connection: string
  readonly functions: readonly FunctionDefinition[]
  readonly described: Described | undefined
  readonly holds: ReadonlyMap<string, FunctionHold>
  /** The text behind a digest that was seen before; empty: not known any more. */
  readonly textOf: (functionId: string, digest: string) => string
  readonly now: number
  readonly newMax: number
}): readonly HoldChange[] {
  const own = looked.functions.filter((fn) => fn.connection === looked.connection)
  const changes = own.flatMap((fn) => changeOf(fn, looked))
  const { described } = looked
  return described ? [...changes, ...unknownOf({ ...looked, described }, own)] : changes
}

type Looked = Parameters<typeof changesAfter>[0]

function changeOf(fn: FunctionDefinition, looked: Looked): readonly HoldChange[] {
  const { described, now } = looked
  const hold = looked.holds.get(fn.id)
  const registered = fn.source?.digest ?? ''
  if (!fn.source || !described) {
    // Somebody wrote it into the rulebook, so it is new no longer.
    const isSettled = hold?.why === 'new' && !fn.source && hold.state === 'quarantined'
    return isSettled ? [ended(hold, now, 'It is registered now.')] : []
  }
  const operation = described.get(fn.source.operation)
  const found = operation?.digest ?? ''
  const why = departure(fn, described, hold)
  if (why === undefined) {
    if (hold?.state !== 'quarantined') return []
    const isNewlyRegistered = hold.why === 'new' || hold.registered !== registered
    if (isNewlyRegistered && found === registered) {
      const foundText = operation?.text ?? ''
      return registeredAnew({ ...hold, registered, found, foundText }, hold, looked)
    }
    if (hold.found === found) return []
  } else if (
    hold?.state === 'quarantined' &&
    hold.found === found &&
    hold.registered === registered &&
    isShown(hold)
  ) {
    return []
  }
  const known = looked.textOf(fn.id, registered)
  const fromHold = hold?.found === registered ? hold.foundText : ''
  const earlier = hold?.registered === registered ? hold.registeredText : ''
  const held: FunctionHold = {
    function: fn.id,
    connection: fn.connection,
    state: 'quarantined',
    why: why ?? 'drift',
    registered,
    found,
    registeredText: known || fromHold || earlier,
    foundText: operation?.text ?? '',
    since: hold?.state === 'quarantined' && hold.why !== 'new' ? hold.since : now,
    revision: (hold?.revision ?? 0) + 1,
  }
  return [{ hold: held, expectedRevision: hold?.revision ?? 0 }]
}

/** What ends is what the log says was found: where that is something else by now, it is said first. */
function registeredAnew(
  found: FunctionHold,
  before: FunctionHold,
  { now }: Looked,
): readonly HoldChange[] {
  const note = 'The rulebook registers exactly what was found.'
  if (found.found === before.found) return [ended(found, now, note)]
  const restated = { ...found, revision: before.revision + 1 }
  return [{ hold: restated, expectedRevision: before.revision }, ended(restated, now, note)]
}

/** Operations that no function of the rulebook stands for. */
function unknownOf(
  { connection, described, holds, functions, now, newMax }: Looked & { described: Described },
  own: readonly FunctionDefinition[],
): readonly HoldChange[] {
  const known = new Set(
    own.flatMap(({ source, http, mcp }) => [
      source?.operation,
      http ? `${http.method} ${http.path}` : `${mcp.method} ${mcp.name}`.trim(),
    ]),
  )
  const registered = new Set(functions.map(({ id }) => id))
  const isHere = (hold: FunctionHold) => hold.connection === connection && hold.why === 'new'
  // Those that vanished again count too: a flood of other names at every look ends here as well.
  let count = [...holds.values()].filter((it) => isHere(it) && !registered.has(it.function)).length
  const covers = coveringResources(own)
  const unknown = [...described.values()].filter(
    ({ operation }) => !known.has(operation) && !covers(operation),
  )
  const changes: HoldChange[] = []
  for (const { name, digest, text } of unknown) {
    const id = `${connection}.${name}`
    const hold = holds.get(id)
    // The name of a registered function is never taken by another operation: it would stop the function.
    if (registered.has(id) || isWaiting(hold) || (!hold && count >= newMax)) continue
    if (!hold) count += 1
    const begun: FunctionHold = {
      function: id,
      connection,
      state: 'quarantined',
      why: 'new',
      registered: '',
      found: digest,
      registeredText: '',
      foundText: text,
      since: now,
      revision: (hold?.revision ?? 0) + 1,
    }
    changes.push({ hold: begun, expectedRevision: hold?.revision ?? 0 })
  }
  const names = new Set(unknown.map(({ name }) => `${connection}.${name}`))
  const vanished = [...holds.values()].filter(
    (hold) =>
      isHere(hold) &&
      hold.state === 'quarantined' &&
      !names.has(hold.function) &&
      !registered.has(hold.function),
  )
  return [
    ...changes,
    ...vanished.map((hold) => ended(hold, now, 'The upstream describes it no longer.')),
  ]
}

/** Whether a resource is one of many that a registered function stands for. */
function coveringResources(own: readonly FunctionDefinition[]): (operation: string) => boolean {
  const method = 'resources/read '
  const templates = own.flatMap(({ mcp }) => {
    const template = mcp?.method === 'resources/read' ? readUriTemplate(mcp.name) : undefined
    return template && !('problem' in template) ? [template] : []
  })
  return (operation) =>
    operation.startsWith(method) &&
    templates.some((template) => matchUri(template, operation.slice(method.length)) !== undefined)
}

/** A hold that was put back from the log has no texts: it is written again, so that people see what they accept. */
function isShown({ found, foundText }: FunctionHold): boolean {
  return found === '' || foundText !== ''
}

function isWaiting(hold: FunctionHold | undefined): boolean {
  return hold?.state === 'quarantined' && isShown(hold)
}

function ended(hold: FunctionHold, now: number, note: string): HoldChange {
  const by = gatewayItself
  const accepted = { by, at: now, note }
  return {
    hold: { ...hold, state: 'accepted', accepted, revision: hold.revision + 1 },
    expectedRevision: hold.revision,
    ended: { by, note },
  }
}
