import { randomUUIDv7 } from 'node:crypto'
import type { Logger } from 'pino'
import { openAdmin } from './admin/app.ts'
import { type Metrics, openMetrics } from './admin/metrics.ts'
import type { AdminNeeds } from './admin/needs.ts'
import type { Desk } from './approval/desk.ts'
import { isSamePerson } from './approval/same-person.ts'
import type { Call } from './call/stage.ts'
import type { Config } from './config/config.ts'
import { limits } from './config/limits.ts'
import { issueKey } from './identity/api-key.ts'
import { type Identity, openIdentity } from './identity/open-identity.ts'
import { faultOf } from './log/fault.ts'
import type { Evidence } from './log/open-evidence.ts'
import { reconcile } from './log/reconcile.ts'
import { openRetention, type RetentionNeeds } from './log/retention.ts'
import { claimsFork, type WitnessEvent, type Witnesses } from './log/witnesses.ts'
import type { Problem } from './model/rulebook.ts'
import type { Notifier } from './notify/notifier.ts'
import type { ReviewDesk } from './review/desk.ts'
import type { Standings } from './review/standings.ts'
import { knownNamesOf } from './rulebook/known-names.ts'
import { openRulebooks, type Rulebooks } from './rulebook/open.ts'
import { openCredentials } from './secret/credentials.ts'
import { openOauthTokens } from './secret/oauth.ts'
import { openSecrets } from './secret/resolve.ts'
import { openApprovals } from './serve-approvals.ts'
import { type Functions, openFunctions } from './serve-catalogue.ts'
import { openDelivery } from './serve-delivery.ts'
import { openDoor } from './serve-door.ts'
import { buildGate, counted } from './serve-gate.ts'
import { openHome } from './serve-home.ts'
import { openReviews, openStanding } from './serve-reviews.ts'
import { openUpstreams } from './serve-upstreams.ts'
import type { Store } from './store/store.ts'

export type ServeOptions = {
  readonly config: Config
  /** Where `{ env: … }` references of the rulebook are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly log: Logger
  /** How long calls under way may go on once it is closed; absent: as limits.ts says. */
  readonly graceMs?: number
}

export type Gateway = {
  /** Where callers reach it. */
  readonly url: string
  /** Where agents speak MCP to it; undefined: no connection is of that kind, as of its start. */
  readonly mcpUrl: string | undefined
  /** Where people and the command line reach the admin API. */
  readonly adminUrl: string
  /** Accepts nothing new, lets what is under way end, then closes every room in reverse order. */
  readonly close: () => Promise<void>
}

/** The gateway could not start because of what it was configured with. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
  readonly problems: readonly Problem[]
  constructor(problems: readonly Problem[]) {
    super('The configuration or the rulebook is not valid.')
    this.problems = problems
  }
}

/**
 * The composition root: the only file that knows every room. Opens them in order, each with what it
 * asks for, and closes them in reverse. Rejects rather than start half: `StartRefused` lists every
 * problem of the rulebook at once; anything else says what to do.
 */
export async function serve(options: ServeOptions): Promise<Gateway> {
  const opened: (() => Promise<void>)[] = []
  const closeAll = async () => {
    for (const close of opened.toReversed()) await close()
  }
  const open = <Room extends { readonly close: () => Promise<void> }>(room: Room): Room => {
    opened.push(room.close)
    return room
  }
  try {
    return { ...(await openRooms(options, open)), close: closeAll }
  } catch (thrown) {
    await closeAll()
    throw thrown
  }
}

function hasMcp({ loaded }: Pick<Rulebooks, 'loaded'>): boolean {
  return loaded()?.rulebook.connections.some(({ protocol }) => protocol === 'mcp') === true
}

type Open = <Room extends { readonly close: () => Promise<void> }>(room: Room) => Room

async function openRooms(
  { config, env, version, log, graceMs = limits.stopGraceMs }: ServeOptions,
  open: Open,
): Promise<Omit<Gateway, 'close'>> {
  const boot = randomUUIDv7()
  const { keys, store, evidence, witnesses, now } = await openHome(
    {
      config,
      env,
      boot,
      version,
      onFailure: (cause) => log.error({ cause: faultOf(cause) }, 'the log could not be published'),
      onRecovery: () => log.info('the log is published again'),
      onWitness: (event) => tellWitness(log, event),
    },
    open,
  )
  const lost = await reconcile(store, { boot, now: Date.now, reason: 'restart' })
  if (lost > 0)
    log.warn({ calls: lost }, 'calls were cut off by the last stop; recorded as indeterminate')

  const standings = open(openStanding({ store, log }))
  const rulebooks = open(await openRules(config, { store, evidence, standings }, log))
  standings.start()
  const retention = open(openRetention(retentionNeeds(config, store, log)))
  retention.start()
  const identity = open(await openIdentity({ config, store, limits, now: Date.now, isSamePerson }))
  const references = openSecrets(env)
  const oauth = openOauthTokens({ now: () => performance.now(), limits })
  const secrets = open(openCredentials(references, { versionKey: keys.bindingKey, oauth }))
  const { versionOf, credentialOf } = secrets
  const upstreams = open(openUpstreams({ version, env, keys, references, credentialOf }))
  rulebooks.onActivated(({ connections }) => upstreams.follow(connections))
  const { list, hear } = upstreams
  const functions = open(await openFunctions({ config, store, rulebooks, log, list, hear }))
  const reviewsRoom = openReviews({ keys, store, rulebooks, identity, standings, log })
  const reviews = open(reviewsRoom.reviews)
  const { desk, notifier } = await openApprovals(
    {
      ...{ config, keys, store, rulebooks, identity, versionOf, secrets: references, now, log },
      tellings: [reviewsRoom.tellingOf, functions.tellingOf],
    },
    open,
  )
  reviews.start()
  const metrics = openMeters({ version, witnesses, evidence, notifier })
  const gate = buildGate({
    config,
    keys,
    store,
    rulebooks,
    standings,
    identity,
    desk,
    functions,
    upstreams,
    metrics,
    log,
  })

  const admin = open(
    await openAdmin(
      adminNeeds({
        ...{ config, version, store, evidence, witnesses, desk, rulebooks, identity, metrics, log },
        ...{ notifier, functions, reviews },
      }),
    ),
  )
  const make = (call: Call) => counted(gate, call, metrics)
  const { followUps, runs } = openDelivery({ config, store, desk, identity, make, graceMs, log })
  open(followUps)
  await open(runs).reconcile()
  runs.start()
  const listener = await openDoor({ config, keys, version, gate, functions, make, followUps })
  // What callers make and what is made for them have the same time to end in.
  const close = async () => {
    await Promise.all([listener.close({ graceMs }), runs.close()])
  }
  open({ close })
  const { url } = listener
  return { url, adminUrl: admin.url, mcpUrl: hasMcp(rulebooks) ? `${url}/mcp` : undefined }
}

function openMeters(rooms: {
  readonly version: string
  readonly witnesses: Witnesses
  readonly evidence: Evidence
  readonly notifier: Notifier
}): Metrics {
  const { version, witnesses, evidence, notifier } = rooms
  return openMetrics({
    version,
    witnesses: witnesses.states,
    witnessedRecords: evidence.witnessedSize,
    channels: notifier.channels,
    log: () => ({
      size: evidence.size(),
      failures: evidence.failures(),
      trouble: evidence.trouble() !== undefined,
    }),
  })
}

/** A witness that is away is a nuisance; one that holds another history, or says so, is an alarm. */
function tellWitness(log: Logger, { event, witness, forked, size, why }: WitnessEvent): void {
  const facts = { witness, size: String(size), why }
  if (event === 'back') log.info(facts, 'the witness cosigns again')
  else if (claimsFork(event)) {
    const says = 'THE WITNESS SAYS that another history of this log exists, and shows none'
    log.error(facts, forked ? 'THE WITNESS HOLDS ANOTHER HISTORY OF THIS LOG' : says)
  } else log.warn(facts, 'the witness does not cosign')
}

/** The folder's rulebook, in force and followed; the start is refused when it is not valid. */
async function openRules(
  config: Config,
  rooms: {
    readonly store: Store
    readonly evidence: Evidence
    readonly standings: Pick<Standings, 'refresh'>
  },
  log: Logger,
): Promise<Rulebooks> {
  const { store, evidence, standings } = rooms
  let publishing: Promise<void> = Promise.resolve()
  const unpublished = (cause: unknown) =>
    log.error({ cause: faultOf(cause) }, 'a rulebook could not be published')
  const rulebooks = openRulebooks({
    folder: config.rulebook,
    known: knownNamesOf(config),
    record: async ({ digest, previous, by, content, grants }) => {
      const at = Date.now()
      const time = new Date(at).toISOString()
      await store.commit({
        record: { type: 'rulebook.activated', time, digest, previous: previous || 'none', by },
        payloads: [],
        change: {
          ...{ kind: 'rulebook.put', digest, content },
          seen: {
            grants: grants.map(({ id: grant, content, shape }) => ({ grant, content, shape })),
            at,
          },
        },
      })
      // Before the first call under it: what nobody knows of a grant makes it stale. If they cannot be read it is in
      // force all the same, as the log says by now.
      await standings.refresh().catch((cause: unknown) => {
        log.error({ cause: faultOf(cause) }, 'the standings of grants could not be read')
      })
    },
    onOutcome: (outcome) => {
      const { problems, digest, changed } = outcome
      // It is in the store: the next activation or start publishes what could not be published now.
      if (changed) publishing = publishing.then(evidence.publishRulebooks).catch(unpublished)
      if (problems.length === 0) log.info({ digest }, 'rulebook in force')
      else log.error({ problems }, 'rulebook refused; what was in force stays in force')
    },
  })
  const close = async () => {
    await rulebooks.close()
    await publishing
  }
  const { problems } = await rulebooks.activate('gateway:start')
  if (problems.length > 0) {
    await close()
    throw new StartRefused(problems)
  }
  rulebooks.watch()
  return { ...rulebooks, close }
}

/** Payloads whose time is over are destroyed at start and every hour. */
function retentionNeeds({ retention }: Config, store: Store, log: Logger): RetentionNeeds {
  return {
    store,
    classes: retention,
    now: Date.now,
    limits,
    onFailure: (cause) =>
      log.error({ cause: faultOf(cause) }, 'payloads whose time is over could not be destroyed'),
  }
}

/** What the admin API asks of the outside world. */
function adminNeeds(rooms: {
  readonly config: Config
  readonly version: string
  readonly store: Store
  readonly evidence: Evidence
  readonly witnesses: Witnesses
  readonly desk: Desk
  readonly rulebooks: Rulebooks
  readonly identity: Identity
  readonly metrics: Metrics
  readonly notifier: Notifier
  readonly functions: Functions
  readonly reviews: ReviewDesk
  readonly log: Logger
}): AdminNeeds {
  const { config, version, store, evidence, witnesses, desk, rulebooks, metrics, log } = rooms
  const { signIn, locks } = rooms.identity
  return {
    listen: config.admin,
    store,
    desk,
    catalogue: rooms.functions,
    reviews: rooms.reviews,
    rulebooks: {
      loaded: () => {
        const loaded = rulebooks.loaded()
        return loaded && { ...loaded, decide: loaded.inForce.decide }
      },
      check: rulebooks.check,
      activate: rulebooks.activate,
    },
    signIn,
    locks,
    issueKey,
    evidence,
    notifier: rooms.notifier,
    roleGroups: { admin: ['admin'], auditor: ['auditor'], payloadReader: ['payload-reader'] },
    notReady: async () => [
      ...(rulebooks.current() ? [] : ['rulebook']),
      ...(await store.size().then(
        () => [],
        () => ['store'],
      )),
      ...(evidence.trouble() === undefined ? [] : ['evidence']),
      // Only when it was shown: the word of one witness must not stop every call.
      ...(witnesses.states().some(({ forked }) => forked) ? ['witness-fork'] : []),
    ],
    metrics,
    now: Date.now,
    newId: randomUUIDv7,
    version,
    logFault: ({ requestId, cause }) =>
      log.error({ requestId, cause: faultOf(cause) }, 'admin request failed'),
    limits,
  }
}
