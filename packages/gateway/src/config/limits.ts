import { catalogueLimits } from './catalogue-limits.ts'
import { codingLimits } from './coding-limits.ts'
import { maskAsideLimits } from './mask-aside-limits.ts'
import { mcpLimits } from './mcp-limits.ts'
import { oauthLimits } from './oauth-limits.ts'
import { patternLimits } from './pattern-limits.ts'
import { recogniserLimits } from './recogniser-limits.ts'
import { reviewLimits } from './review-limits.ts'
import { witnessLimits } from './witness-limits.ts'

const gatewayLimits = {
  // --- What a caller may send ---

  /** 16 KiB: a long token (8 KiB) and generous headers. What nginx and Node accept by default. */
  headerBytes: 16_384,
  /** 1 MiB: a body that is arguments is held, parsed and hashed whole, once per concurrent call. */
  requestBodyBytes: 1_048_576,
  /** 1 GiB: a streamed body takes no memory, only time; beyond this a transfer belongs elsewhere. */
  streamedBodyBytes: 1_073_741_824,
  /** Deeper JSON is an attack on recursive readers; real arguments stay below ten. */
  argumentsDepth: 64,
  /** No double written out in full is longer; what is longer is an attack on whoever does arithmetic with it. */
  numberChars: 1_100,
  /** A session's name is hashed, never stored; a UUID or a conversation id fits. */
  sessionNameChars: 200,
  /** A caller that needs longer for its headers is holding a socket, not calling. */
  requestHeadersMs: 10_000,
  /** A body that has begun comes in a stream of packets; a pause this long is a caller that went away. */
  requestIdleMs: 15_000,
  /** A body that is held, 1 MiB at the most, at 17 KiB/s: slower is somebody occupying a place. */
  requestBodyMs: 60_000,
  /** Calls under way at a stop: most end in this time, and who stops a process waits about so long for it. */
  stopGraceMs: 10_000,
  /** Calls that were cut off record how they ended: a few commits. What takes longer is said to be indeterminate. */
  stopCutMs: 5_000,
  /** The rest of a body nobody reads is let in for so long, so that its sender can read the refusal. */
  lingerMs: 5_000,
  /** A caller that takes nothing of its answer for so long is gone, or keeps the place from others. */
  callerStallMs: 30_000,
  /**
   * So long the head of an answer waits for the first of its body, because until then a failure can be said with its
   * status. A stream that stays silent longer is open all the same: its caller waits for the head.
   */
  headWaitMs: 1_000,
  /** Outlives the 60 s for which common load balancers keep a connection, so theirs closes first. */
  keepAliveMs: 65_000,
  /** Concurrent HTTP/2 streams of one connection: what browsers and gRPC clients expect. */
  http2Streams: 100,
  /** Concurrent calls of one instance: at 1 MiB of arguments each, 1 GiB of memory at the worst. */
  concurrentCalls: 1_024,
  /** Of these, for one subject or one actor: it takes four at their limits to leave no place to others. */
  callsPerCaller: 256,

  // --- What is held, kept and released ---

  /** 256 KiB: a result held until its outcome is durable. Longer ones are streamed with chunk commitments. */
  heldResultBytes: 262_144,
  /** 1 MiB: how much of a stream one commitment covers: one flush per megabyte costs under 1% of throughput. */
  chunkCommitBytes: 1_048_576,
  /** 256 KiB between a fast upstream and a slow caller before the upstream is paused. */
  queuedBodyBytes: 262_144,

  // --- The upstream ---

  /** Sockets to one upstream: enough for 1,024 calls of 60 ms at 1,000 calls/s, few enough for small services. */
  upstreamSockets: 64,
  /** A call waits for one at most so long: longer than a connect takes; nothing was sent, so it may come again. */
  upstreamQueueMs: 10_000,
  /** A TCP and TLS handshake across the world takes under a second; a dead host should be said soon. */
  upstreamConnectMs: 5_000,
  /** Until the upstream's first byte; a connection may set its own. */
  upstreamHeadersMs: 60_000,
  /** Informational answers (1xx) before the one that counts: hints come once or twice. */
  upstreamAnnouncements: 16,
  /** Between two bytes of an answer; long enough for event streams with a 15 s heartbeat. */
  upstreamIdleMs: 60_000,

  // --- Approvals ---

  /** How long a caller is held for a person when it does not say: below common client timeouts of 100 s. */
  approvalHoldMs: 60_000,
  /** How long at most: a held call occupies one of `concurrentCalls`. */
  approvalHoldMsMax: 600_000,
  // More than the questions one caller may have open, few enough that thirty callers fit into `concurrentCalls`.
  /** Calls of one caller that are held at once; one more is told at once that it has to come back. */
  heldPerCaller: 32,
  /** A question whose caller comes back later: a working day anywhere. */
  approvalDecideByMs: 86_400_000,
  /** An approval is of the world as the approver saw it; later it has to be asked again. */
  approvalClaimByMs: 900_000,
  /** The same call, denied just now, is denied again without asking, so that people are not worn down. */
  approvalCoolDownMs: 900_000,
  /** Undecided questions at once; beyond, asking for more only hides the important ones. */
  approvalsPending: 1_000,
  /** Of these, of one caller: one that waits for so many answers has asked enough. */
  approvalsPendingPerCaller: 20,
  /** Of these, for one group: more than anybody reads with care in a day. */
  approvalsPendingPerGroup: 100,
  /** A held caller whose connection broke comes back within this, or its question is withdrawn. */
  approvalLeftMs: 30_000,
  /** How often deadlines are looked at without anybody asking; a second late is on time for a person. */
  deskTickMs: 1_000,
  /** Approvals and clearances looked at in one turn of it: a few milliseconds. */
  deskTickRows: 200,
  /** Steps of one flow: a question that needs more answers in a row is asked in vain. */
  approvalSteps: 8,
  /** Groups of one step or rung; each is shown to approvers. */
  approvalGroups: 16,
  /** Yeses of one step; as many people as a board has. */
  approvalQuorum: 10,
  /** Rungs of one step's escalation. */
  approvalRungs: 8,
  /** People listed in one group: all are looked at whenever a question is opened. */
  approvalMembers: 1_000,
  /** People whose ids are linked; all are looked at whenever a question is opened. */
  linkedPeople: 10_000,
  /** Calls of one window; more is not an approval but a grant, and belongs into a policy. */
  clearanceUses: 1_000,
  /** Eight hours: a window ends with the working day of who opened it. */
  clearanceMs: 28_800_000,
  /** Conditions of one clearance; each is shown to approvers and evaluated at every use. */
  clearanceConditions: 8,
  /** One condition: a comparison or two. It has to fit into a record eight times. */
  conditionChars: 300,
  /** An hour: an emergency that lasts longer has time for approvers. */
  breakGlassMs: 3_600_000,
  /** Calls of one emergency; enough to act by hand, not to run a job. */
  breakGlassUses: 100,
  /** Less than a short sentence is no reason anybody could review. */
  breakGlassReasonChars: 20,
  /** Three months: who is away for longer has left the group. */
  delegationMs: 7_776_000_000,
  /** A reason given with a vote; it has to fit into one record (8 KiB) with everything else. */
  reasonChars: 1_000,

  // --- Following up, and deferred calls ---

  /** Callers that ask after their own questions at once; each is a socket and a timer. */
  followUps: 1_024,
  /** Of these, of one caller: as many as it may have questions, and room for their results. */
  followUpsPerCaller: 64,
  /** How long a look may wait for a change: below the minute after which proxies close a quiet connection. */
  followUpWaitMs: 50_000,
  /** What a caller is told to wait between two looks (`Retry-After`); a person takes longer. */
  followUpRetryMs: 5_000,
  /** Deferred calls that one gateway makes at once; they were not in a hurry. */
  deferredRuns: 16,
  /** 1 MiB, as much as their arguments may have: a larger result is not kept, so it cannot be fetched. */
  deferredResultBytes: 1_048_576,
  /** A day to fetch it, from the moment it is there. */
  deferredKeptMs: 86_400_000,
  /** Deferred calls looked at in one turn: as many as there may be undecided questions. */
  deferredRows: 1_000,

  // --- Notifications ---

  /** Channels of one gateway; each has its own few senders. */
  notifyChannels: 32,
  /** Of one e-mail channel: a longer list is a mailing list's work. */
  mailRecipients: 50,
  /** How soon a notice is looked for, and how long one that waits for a free place or an earlier one does. */
  noticeLookMs: 1_000,
  /** Taken in one turn: one turn costs one write. */
  noticesTaken: 64,
  /** To one channel at once: what a chat service lets through, and what a slow one may occupy. */
  noticesAtOnce: 4,
  /** Connect to last byte, or a whole conversation with a mail server. */
  noticeSendMs: 15_000,
  /** Longer than any sending takes: then its sender is gone, and another may try. */
  noticeLeaseMs: 60_000,
  /** After a failure: so long at least, then half of its age, up to the most. */
  noticeRetryMs: 1_000,
  /** A channel that is back is noticed within so long. */
  noticeRetryMsMax: 300_000,
  /** What a receiver may ask us to wait, at most: an hour, so that it cannot silence an alarm. */
  noticeRetryAfterMsMax: 3_600_000,
  /** Nothing is given up before so many attempts, whatever the clock says: it may have jumped. */
  noticeAttemptsMin: 8,
  /** A day: as long as a question may wait; later nobody can answer it any more. */
  noticeGiveUpMs: 86_400_000,
  /** A week, for emergencies: whoever is to review one has to hear of it. */
  noticeGiveUpEmergencyMs: 604_800_000,
  /** Thirty days: longer than any question waits or any review is due, so its message can still be changed. */
  noticeKeptMs: 2_592_000_000,
  /** Looked at with each turn that sent something, so that they go faster than they come. */
  noticesForgotten: 256,
  /** How long a change waits for the message it changes before it is told in one of its own. */
  noticeFollowMs: 120_000,
  /** 64 KiB of an answer are read, so that its connection can be used again; the rest is not. */
  noticeAnswerBytes: 65_536,
  /** One text in a message; what is longer is looked at in the gateway. */
  noticeTextChars: 2_500,
  /** 9,000 of all texts in one Slack message: beyond about 13,000 it is refused whole. */
  slackCardChars: 9_000,
  /** 256 KiB: what Slack brings holds the message that was clicked on. */
  slackRequestBytes: 262_144,
  /** Five minutes, as Slack advises: what is older, or from the future, may be replayed. */
  slackReplayMs: 300_000,
  /** Requests remembered by signature within that time. */
  slackRequests: 10_000,
  /** Slack waits three seconds for an answer. */
  slackAnswerMs: 2_000,
  /** Requests of Slack at once; people click more slowly. */
  slackRequestsAtOnce: 64,

  // --- Identity ---

  /** 16 KiB: as much as the headers that carry it. */
  tokenBytes: 16_384,
  /** Verified tokens remembered by hash: about 1 KiB each, 10 MiB. */
  tokenCacheEntries: 10_000,
  /** A remembered token is verified again after this, so that a key its issuer withdrew stops counting. */
  tokenCacheMs: 300_000,
  /** The one allowance for clocks that differ, for every time in every token. */
  clockLeewayMs: 30_000,
  /** An unknown key id may cause one fetch per issuer in this time, so strangers cannot make us hammer it. */
  jwksRefetchMs: 30_000,
  /** After a failed fetch the next caller waits this long in vain before another one is tried. */
  jwksRetryMs: 2_000,
  /** Keys are fetched again after this even if all is well, so that a withdrawn key is dropped. */
  jwksMaxAgeMs: 600_000,
  /** Keys go on counting this long while their issuer is unreachable: a short outage is not a sign-out. */
  jwksStaleMs: 86_400_000,
  /** Discovery document or key set, connect to last byte. */
  identityFetchMs: 5_000,
  /** 1 MiB: the largest public key sets have a few hundred keys, 200 KiB. */
  identityFetchBytes: 1_048_576,
  /** Actors of one chain. Each is shown to approvers and written to the record. */
  actorChain: 8,
  /** Groups of one party. Each becomes a Cedar entity at every decision. */
  groupsPerParty: 512,
  /** How often locks are read again that another gateway of the store may have made, where no hint comes. */
  locksReadMs: 2_000,
  /** Claims of one issuer that name who set a call in motion, and the people one token names by them. */
  triggeringClaims: 16,
  /** A group's or subject's name; the record has 8 KiB for everything. */
  partyNameChars: 256,

  // --- The record ---

  /** 400 days: a year and the month in which its audit is made. */
  retentionMs: 34_560_000_000,
  /** Shorter, and payloads would be gone before an approver or an operator could look. */
  retentionMsMin: 3_600_000,
  /** A century: for ever is not a time. */
  retentionMsMax: 3_155_760_000_000,
  /** Each is a search of its own in every pass. */
  retentionClasses: 32,
  /** How often payloads whose time is over are looked for, besides once at start. */
  retentionPassMs: 3_600_000,
  /** Records looked at in one turn, so that a long pass never holds up a call. */
  retentionScanRecords: 1_000,
  /** Records that one `payload.expired` names: their indexes fit into one record of 8 KiB. */
  expiredPerRecord: 256,
  /** Sessions known to be written down: about 1 KiB each. One that was forgotten is written again. */
  sessionsRemembered: 10_000,

  // --- The published log ---

  /** Leaves of one growth of the tree: about 16 MiB staged at once; more are the next growth. */
  growthLeaves: 16_384,
  /** From the first new leaf to a growth; with the growth itself a leaf is published within a second. */
  publishDelayMs: 300,
  /** After publishing failed: so long first, doubled up to the most. */
  publishRetryMs: 250,
  /** A folder that can be written again is noticed within this. */
  publishRetryMsMax: 2_000,
  /** Publishing may fail for so long; then nothing new is let through until it works (AU-5). */
  unpublishedMs: 30_000,
  /** A checkpoint is kept for ever this often: an hour of a log, not a day, is the most it can be vague about. */
  archiveMs: 3_600_000,
  /** Silence of an emitter longer than two of these is a gap an auditor is shown. */
  heartbeatMs: 10_000,
  /** After an outcome could not be written the log says so; whoever had it may try again until then. */
  lostOutcomeMs: 5_000,
  /** 7 days: a trust file fetched weekly never misses a key. */
  logKeyOverlapMs: 604_800_000,
  /** The one before, and one more: a key that is stolen right after a rotation can be replaced at once. */
  logKeysSigning: 3,
  /**
   * A clock set forward by more would date records, and with them every later checkpoint, in the future. Less
   * than that is waited out when it is set back: shorter than `unpublishedMs`, so that no call is refused.
   */
  clockJumpMs: 20_000,

  /** How long one gateway has the publishing of a shared log for itself: what a crash of it costs the others. */
  integratorLeaseMs: 10_000,

  // --- The store in PostgreSQL ---

  /** TCP, TLS and sign-in to a database in the same data centre take milliseconds. */
  postgresConnectMs: 5_000,
  /** Every statement is a few rows by index; what takes longer waits for somebody who hangs. */
  postgresStatementMs: 10_000,
  /** Longer than the server takes to give up: then the connection is dead. */
  postgresAnswerMs: 15_000,
  /** The connections of a process that was killed are closed by its system at once; then its name is free. */
  postgresLockMs: 3_000,
  /** Starts of gateways and migrations come one after the other; a minute is longer than any of them takes. */
  postgresStartMs: 60_000,
  /** Connections that only read, of one gateway: each question takes a millisecond or two. */
  postgresPool: 8,
  /** A server has 100 connections unless told otherwise. */
  postgresPoolMax: 64,
  /** One that nobody needed for so long is closed. */
  postgresIdleMs: 60_000,
  /** Another instance that wrote nothing for so long, and whose connection is gone, is gone: six heartbeats. */
  instanceGoneMs: 60_000,

  // --- The admin API ---

  /** Rows of a list unless asked. */
  pageRows: 50,
  /** Rows of a list at most. */
  pageRowsMax: 200,
  /** 1 MiB: no request of the contract comes near. */
  adminBodyBytes: 1_048_576,
  /** A working day; then a person proves again who they are. */
  adminSessionMs: 28_800_000,
  /** Signed-in sessions at once; the oldest makes room. */
  adminSessions: 1_000,
  /** Sign-in attempts of one address per minute. Keys have 256 bits; this only quiets the log. */
  signInsPerMinute: 10,
  /** Open event streams at once, and as many reads that wait. */
  eventStreams: 100,
  /** Of one person: every window they could look at, and nobody else is kept out. */
  eventStreamsPerPerson: 16,
  /** How soon a busy or a quiet event stream ends after the sign-in it was opened with. */
  eventSignInMs: 1_000,
  /** How long a read may wait for a change: below the minute after which proxies close a quiet connection. */
  adminWaitMs: 50_000,
  /** Comment lines that keep proxies from closing a quiet event stream. */
  eventHeartbeatMs: 15_000,

  /** Exports under way at once; the oldest makes room. Each remembers its scope, not its files. */
  exports: 100,
  /** A large export over a slow line; after this it is asked for, and recorded, again. */
  exportMs: 86_400_000,
  /** Records of one session's export: each is a file, and its index is remembered. */
  exportRecords: 100_000,

  // --- Keys the gateway issues ---

  /** Every key expires: one year at most. */
  apiKeyLifetimeMsMax: 31_536_000_000,

  // --- Files read at start and by `apply` ---

  /** 4 MiB: an OpenAPI import of a thousand operations is about 2 MiB. */
  yamlBytes: 4_194_304,
  /** How often aliases may be followed in one file; more is a resource attack. */
  yamlAliases: 100,
  /** Nesting of one file. */
  yamlDepth: 64,
  /** Problems listed per file: enough to fix, not enough to drown. */
  problemsListed: 100,
  /** Files of one rulebook. */
  rulebookFiles: 2_000,
  /** 64 MiB: all files of one rulebook. */
  rulebookBytes: 67_108_864,
  /** Auditors give a switch five seconds: while one takes longer than this, nothing more is authorised by the old rules. */
  rulebookSwitchMs: 3_000,
  /** 64 KiB: a secret is a token, a password or a key; anything longer is the wrong file. */
  secretBytes: 65_536,
} as const

/**
 * Every number that bounds something, with its reason. Names end in their unit: `Bytes`, `Ms`, `Chars`,
 * or the things counted. A few can be set in gateway.yaml (see schema.ts); the rest are fixed so that
 * two gateways of one version never differ in what they accept.
 */
export const limits: typeof gatewayLimits &
  typeof reviewLimits &
  typeof catalogueLimits &
  typeof codingLimits &
  typeof maskAsideLimits &
  typeof mcpLimits &
  typeof oauthLimits &
  typeof patternLimits &
  typeof recogniserLimits &
  typeof witnessLimits = {
  ...gatewayLimits,
  ...reviewLimits,
  ...catalogueLimits,
  ...codingLimits,
  ...maskAsideLimits,
  ...mcpLimits,
  ...oauthLimits,
  ...patternLimits,
  ...recogniserLimits,
  ...witnessLimits,
}

/** The same names with any numbers, for rooms that are given their limits. */
export type Limits = { readonly [Name in keyof typeof limits]: number }
