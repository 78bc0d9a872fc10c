/** Failures that are known, by run: `<scenario>` or `<scenario>:<check>` → why. The list only shrinks. */
export const expectedFailures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'server 2025-11-25, upstream old': subscriptions(),
  'server 2025-11-25, upstream new': subscriptions(),
  'server 2026-07-28, upstream new': tasks(),
  'server 2026-07-28, upstream old': {
    ...tasks(),
    'input-required-result-basic-elicitation:sep-2322-elicitation-incomplete':
      'A server of the revisions before gives its questions no names; the gateway does.',
    'input-required-result-multiple-input-requests:sep-2322-multiple-inputs-incomplete':
      'A server of the revisions before asks one thing, waits, and asks the next.',
    ...Object.fromEntries(
      ['server-rejects-undeclared-capability', 'missing-capability-http-400'].map((check) => [
        `server-stateless:sep-2575-${check}`,
        'Of the revision itself: a server of the revisions before has no such error to give.',
      ]),
    ),
  },
  'client 2026-07-28': {
    'http-custom-headers:sep-2243-client-omit-null':
      'The suite sends null where the tool wants a boolean; the gateway refuses such a call.',
  },
}

/** Required by the suite of every server, optional by the specification. */
function subscriptions(): Record<string, string> {
  const why = 'The gateway has no subscriptions to one resource, and says so in its capabilities.'
  return {
    'resources-subscribe:resources-subscribe': why,
    'resources-unsubscribe:resources-unsubscribe': why,
  }
}

/** An extension, which the suite does not score. */
function tasks(): Record<string, string> {
  const why =
    'Wants tools that become tasks of themselves; a task of the gateway is a call that people have to approve.'
  const scenarios = [
    ...['capability-negotiation', 'dispatch-and-envelope', 'lifecycle', 'mrtr-composition'],
    ...['mrtr-input', 'request-headers', 'request-state-removal', 'required-task-error'],
    'wire-fields',
  ]
  return Object.fromEntries(scenarios.map((scenario) => [`tasks-${scenario}`, why]))
}
