import { randomUUIDv7 } from 'node:crypto'
import type { Logger } from 'pino'
import { votesRefused } from './approval/ballot.ts'
import { deferralOf } from './approval/deferral.ts'
import { type Desk, openDesk } from './approval/desk.ts'
import { messageOf } from './approval/message.ts'
import { maskedValues } from './approval/question.ts'
import { personByAccount } from './approval/slack-voter.ts'
import { recordedTelling } from './approval/told.ts'
import type { Config } from './config/config.ts'
import { type Limits, limits } from './config/limits.ts'
import type { Identity } from './identity/open-identity.ts'
import { faultOf } from './log/fault.ts'
import type { Keys } from './log/key-file.ts'
import type { Message } from './model/message.ts'
import type { Notice } from './model/notice.ts'
import type { CredentialUse } from './model/secret.ts'
import type { OutboxEvent } from './notify/delivery.ts'
import { type Notifier, type NotifierNeeds, openNotifier } from './notify/notifier.ts'
import type { Rulebooks } from './rulebook/open.ts'
import type { Secrets } from './secret/resolve.ts'
import type { Store } from './store/store.ts'

/** What there is to tell; undefined: nothing any more. */
export type Telling = { readonly message: Promise<Message | undefined> | Message | undefined }

type Rooms = {
  readonly config: Config
  readonly keys: Keys
  readonly store: Store
  readonly rulebooks: Pick<Rulebooks, 'current'>
  readonly identity: Pick<Identity, 'locks'>
  readonly versionOf: (use: CredentialUse) => Promise<string>
  readonly secrets: Secrets
  /** What other rooms tell, asked in order; undefined: the notice is about something else. */
  readonly tellings: readonly ((
    notice: Notice,
  ) => Telling | undefined | Promise<Telling | undefined>)[]
  /** Goes on as it did when the wall clock is set: what waits to be told does not wait for that. */
  readonly now: () => number
  readonly log: Logger
}

type Open = <Room extends { readonly close: () => Promise<void> }>(room: Room) => Room

/**
 * Part of serve.ts: where people are asked, and how they hear of it. What an earlier run left open is written
 * down before anything is answered.
 */
export async function openApprovals(
  rooms: Rooms,
  open: Open,
): Promise<{ readonly desk: Desk; readonly notifier: Notifier }> {
  const { config, keys, store, log } = rooms
  const desk = open(
    openDesk({
      store,
      bindingKey: keys.bindingKey,
      instance: config.instance,
      now: Date.now,
      newId: randomUUIDv7,
      limits: deskLimits(config),
      rules: rooms.rulebooks.current,
      isLocked: rooms.identity.locks.isLockedId,
      versionOf: rooms.versionOf,
      maskedView: maskedValues(keys.maskKey),
      deferralOf,
      onFailure: (cause) =>
        log.error({ cause: faultOf(cause) }, 'the approvals desk failed; it tries again'),
    }),
  )
  await desk.reconcile()
  desk.start()
  const notifier = open(await openNotify(rooms, desk))
  if (notifier.slackUrl !== undefined) log.info({ url: notifier.slackUrl }, 'waiting for Slack')
  return { desk, notifier }
}

function deskLimits({ approvals }: Config): Limits {
  return {
    ...limits,
    approvalDecideByMs: approvals.decideByMs,
    approvalClaimByMs: approvals.claimByMs,
  }
}

async function openNotify(
  { config, store, rulebooks, secrets, tellings, now, log }: Rooms,
  desk: Desk,
): Promise<Notifier> {
  const message = async (notice: Notice) => {
    for (const tellingOf of tellings) {
      const telling = await tellingOf(notice)
      if (telling) return telling.message
    }
    return messageOf({ desk, store, now: Date.now }, notice)
  }
  const notifier = await openNotifier({
    config: config.notify,
    publicUrl: config.admin.publicUrl,
    store,
    resolve: secrets.resolve,
    message: recordedTelling(message, { store, now: Date.now }),
    vote: (cast) => vote(desk, rulebooks, cast),
    now,
    random: Math.random,
    newId: randomUUIDv7,
    limits,
    onEvent: (event) => tell(log, event),
    onFailure: (cause) => log.error({ cause: faultOf(cause) }, 'a click on Slack failed'),
  })
  // A notice is written with a change; without this it would be seen a moment later.
  const stopListening = store.onChange(() => notifier.nudge())
  notifier.start()
  return {
    ...notifier,
    close: async () => {
      stopListening()
      await notifier.close()
    },
  }
}

async function vote(
  desk: Pick<Desk, 'vote'>,
  rulebooks: Pick<Rulebooks, 'current'>,
  { account, approval, verdict, reason, offer }: Parameters<NotifierNeeds['vote']>[0],
): ReturnType<NotifierNeeds['vote']> {
  const rules = rulebooks.current()
  const person = rules && personByAccount(rules.approvals, account)
  if (!person) return { counted: false, why: 'The rulebook links nobody to your Slack account.' }
  const ballot = {
    id: approval,
    person,
    verdict,
    reason,
    sawDigest: offer,
    channel: 'slack',
  } as const
  const voted = await desk.vote(ballot)
  return 'refused' in voted
    ? { counted: false, why: votesRefused[voted.refused] }
    : { counted: true }
}

function tell(log: Logger, event: OutboxEvent): void {
  switch (event.kind) {
    case 'down': {
      const { channel, why } = event
      log.warn({ channel, why }, 'people cannot be told; it is tried again')
      break
    }
    case 'back':
      log.info({ channel: event.channel }, 'people can be told again')
      break
    case 'given-up': {
      const { channel, notice, why } = event
      log.error({ channel, notice, why }, 'PEOPLE WERE NOT TOLD, and it is not tried again')
      break
    }
    case 'store-failed':
      log.error({ cause: faultOf(event.cause) }, 'what people have to be told is not known')
  }
}
