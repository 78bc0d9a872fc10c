/** The part of limits.ts about the Model Context Protocol. */
export const mcpLimits = {
  // --- Who may call ---

  /** Scopes that one token has to carry; a challenge names them all in one header. */
  mcpScopes: 32,
  /** Web pages and host names of one gateway; each request looks through them. */
  mcpOrigins: 100,

  // --- The upstream's side ---

  /** 8 MiB: one message of an upstream's is read whole; an image in base64 is about 4 MiB. */
  mcpFrameBytes: 8_388_608,
  /** 1 MiB of an event stream beside one message: a comment every second, for days. */
  mcpStreamNoiseBytes: 1_048_576,
  /** Nesting of one message: its result may hold what arguments may, a few levels further in. */
  mcpFrameDepth: 96,
  /** Messages of an upstream's in answer to one request: ten a second for an hour and a half. More is a flood. */
  mcpMessagesPerRequest: 50_000,
  /** Messages of one batch of an upstream's (2025-03-26): what it has to say at once. */
  mcpUpstreamBatch: 256,
  /** Requests of an upstream's that wait for the caller at once, while it is at one request. */
  mcpAsksPerRequest: 16,
  /** How often one request is made again because its upstream wants to know more. */
  mcpInputRounds: 16,
  /** The whole of one request, whatever progress it reports: nobody waits longer for one answer. */
  mcpRequestMs: 3_600_000,
  /** A question to a person (elicitation) takes them minutes; longer than this they went away. */
  mcpAskMs: 600_000,
  /**
   * Two minutes: a caller that was sent away with a question and does not come back holds a place, its upstream's request
   * and a child, for everybody else. Who takes longer makes the call again.
   */
  mcpAwayMs: 120_000,
  /** `server/discover` or `initialize` to the answer: package runners load a server first. */
  mcpStartMs: 30_000,
  /** `logging/setLevel`: a call waits for it, and is made without. */
  mcpLogLevelMs: 2_000,
  /** A server of an older revision that stays silent when it is asked for the newest. */
  mcpProbeMs: 10_000,
  /** `resources/subscribe`, or `subscriptions/listen` until it is agreed to: nothing is read for it. */
  mcpSubscribeMs: 10_000,
  /** Sockets to one upstream that carry a request: streams stay open while people are asked. */
  mcpUpstreamSockets: 256,
  /** Sockets beside them for what must never wait for a request: answers, cancellations, resumptions. */
  mcpControlSockets: 32,
  /** Sockets beside them for streams of sessions, each open for as long as its session. */
  mcpSessionStreams: 256,
  /** Of these, for what one subject hears of (2026-07-28): it takes eight at their limits to leave none to others. */
  mcpWatchStreamsPerSubject: 32,
  /** Sockets beside all others for what a server says of its lists: one, and those that it has not let go of. */
  mcpListStreams: 8,
  /** Until a server says that it has such a stream, or none: a session waits for it once. */
  mcpSessionStreamMs: 2_000,
  /** Visible characters of an upstream's session id; a signed token fits. */
  mcpSessionIdChars: 4_096,
  /** A session, or a child process, that no request needed for so long is ended. */
  mcpSessionIdleMs: 600_000,
  /** At a stop, for servers to hear that their sessions are over; they end by themselves as well. */
  mcpFarewellMs: 1_000,
  /** Sessions of one gateway with upstreams: some hundred bytes each. */
  mcpSessions: 10_000,
  /** Of one subject: some dozen servers, in each of the ways that its clients say what they can do. */
  mcpSessionsPerSubject: 256,
  /** How often a broken stream is taken up again (`Last-Event-ID`) before it is given up. */
  mcpResumptions: 8,
  /** Between two of them, unless the upstream asks for more, and the most it may ask for. */
  mcpResumeMs: 1_000,
  mcpResumeMsMax: 30_000,
  /** After its answer a stream should end; one that does not is cut. */
  mcpStreamEndMs: 2_000,
  /** Child processes of one gateway: at 50 MiB each, 3 GiB. */
  mcpChildren: 64,
  /** Of one subject, through whatever agents: a few servers, and room for seven others. */
  mcpChildrenPerSubject: 8,
  /** Requests under way in one child: each is answered by one thread. */
  mcpRequestsPerChild: 128,
  /** 8 MiB that a child has not taken from its input yet: it reads no more, and further requests are refused. */
  mcpChildInputBytes: 8_388_608,
  /** Lines of a child that are no messages and look like none (banners, logging); more is not MCP. */
  mcpChildNoise: 1_000,
  /** Messages that belong to no request, in a row: of a child, or over the stream of a session. */
  mcpStrays: 10_000,
  /**
   * Answers and cancellations that a server behind HTTP has not taken yet, of one conversation: as many as requests
   * may be asking at once, and room beside them.
   */
  mcpUntaken: 64,
  /** A child that crashed: so long first before it is started again, doubled up to the most. */
  mcpRestartMs: 250,
  mcpRestartMsMax: 30_000,
  /** How long a call waits for that; then it is refused. */
  mcpRestartWaitMs: 1_000,
  /** After its input was closed, and again after it was asked to end. */
  mcpChildStopMs: 2_000,

  // --- What callers send ---

  /** 64 levels of arguments (`argumentsDepth`), and those of the message around them. */
  mcpRequestDepth: 68,
  /** Messages of one batch (2025-03-26); each is a call, and all are answered at once. */
  mcpBatch: 32,
  /** Of callers and of upstreams: an id is a counter or a UUID. */
  mcpIdChars: 256,
  /** A working day and a night; then a client is told to begin anew (404), which it does by itself. */
  mcpCallerSessionMs: 86_400_000,
  /** What a client says it can do, kept in its session id: a header has to carry it. */
  mcpCapabilitiesChars: 3_072,
  /** Sessions that were ended, and log levels that were set: forgotten from the oldest on. */
  mcpSessionsRemembered: 10_000,
  /** Sessions whose lists are compared with what they were told of; each holds what every connection listed then. */
  mcpSessionListsRemembered: 1_024,
  /** Streams that only listen for changes; each is a socket and a timer. */
  mcpListeners: 1_024,
  /** Of these, of one caller. */
  mcpListenersPerCaller: 32,
  /** Resources that one session, or one stream, may hear of: a client watches what it has open. */
  mcpSubscriptions: 64,
  /** 8 KiB of the name of one: each thing that its upstream says is compared with it. */
  mcpSubscribedUriChars: 8_192,
  /** Of these, that one stream asks for at once: each is a call, and all have the place of one. */
  mcpSubscribesAtOnce: 4,
  /** Of one caller, and of a gateway: each is a name, and a subscription at its upstream. */
  mcpSubscriptionsPerCaller: 256,
  mcpSubscriptionsKept: 10_000,
  /** How long a session without a stream may hear of resources: a client opens it at once, or anew. */
  mcpUnheardMs: 60_000,
  /** Bytes a listener may leave unread before it is cut off. */
  mcpUnreadBytes: 65_536,

  // --- Callers that wait ---

  /** A day: as long as a question stays open (`approvalDecideByMs`), and time to use its answer. */
  mcpStateMs: 90_000_000,
  /** 128 KiB of `requestState`: an upstream's own state and answers are sealed in it. */
  mcpStateChars: 131_072,
  /** Below the 60 s after which the official clients give up a request. */
  mcpHoldMs: 45_000,
  /** Between two signs of life while a caller is held. */
  mcpProgressMs: 10_000,
  /** 256 KiB of one answer are kept so that a caller whose connection broke can go on; more waits for it. */
  mcpReplayBytes: 262_144,
  /** A connection that broke comes back within this, or its caller has left. As for a question (`approvalLeftMs`). */
  mcpResumeGraceMs: 30_000,
  /** Of streams that a caller may come back to: at 256 KiB each, 256 MiB; beyond, those that ended are let go of. */
  mcpStreamsKept: 1_024,
  /** Rounds of one question: at 45 s each, an hour and a half. A client that comes back at once ends sooner. */
  mcpApprovalRounds: 120,
  /** What a caller of a task is told to wait between two looks, at first and later on. */
  mcpPollMs: 2_000,
  mcpPollMsMax: 15_000,

  // --- What servers say of themselves ---

  /** Tools, prompts, resources and templates of one server together. */
  mcpListed: 5_000,
  /** Pages of one list: at the usual fifty an answer, all that may be listed. */
  mcpListPages: 200,
  /** 16 MiB: all lists of one server. A thousand tools with their schemas are about 4 MiB. */
  mcpListBytes: 16_777_216,
} as const
