import type { DemoWorld } from './world.ts'

/** How a call of the story is expected to end. */
export type Ending = 'masked' | 'allowed' | 'blocked' | 'refused' | 'held'

export type StoryCall = {
  readonly title: string
  readonly method: string
  readonly path: string
  readonly body?: object
  readonly expected: Ending
}

/** The ticket: a customer wants a refund. What the agent tries on the way, in order. */
export const story: readonly StoryCall[] = [
  {
    title: 'crm.customer.get',
    method: 'GET',
    path: '/crm/customers/c-1001',
    expected: 'masked',
  },
  {
    title: 'crm.orders.list',
    method: 'GET',
    path: '/crm/customers/c-1001/orders',
    expected: 'allowed',
  },
  {
    title: 'crm.customer.delete',
    method: 'DELETE',
    path: '/crm/customers/c-1001',
    expected: 'blocked',
  },
  {
    title: 'payments.transfer',
    method: 'POST',
    path: '/payments/transfers',
    body: { from: 'acme', to: 'c-1001', amount: 4_200, currency: 'EUR', urgent: true },
    expected: 'refused',
  },
  {
    title: 'payments.transfer',
    method: 'POST',
    path: '/payments/transfers',
    body: { from: 'acme', to: 'c-1001', amount: 420_000, currency: 'EUR', memo: 'OPS-311' },
    expected: 'held',
  },
]

/** What the agent saw of one call, by nothing but its own HTTP client. */
export type Seen = {
  readonly status: number
  readonly record: string
  readonly approval: string | undefined
  readonly body: string
}

/** One real call through the gateway's listener, as the agent makes it. */
export async function makeCall(
  { gatewayUrl, agentToken }: Pick<DemoWorld, 'gatewayUrl' | 'agentToken'>,
  call: StoryCall,
  options: { readonly approval?: string } = {},
): Promise<Seen> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${agentToken}`,
    'sallyport-session': 'OPS-311',
    // The story goes on without waiting; the ticket is claimed later.
    prefer: 'wait=0',
  }
  if (call.body) headers['content-type'] = 'application/json'
  if (options.approval) headers['sallyport-approval'] = options.approval
  const response = await fetch(`${gatewayUrl}${call.path}`, {
    method: call.method,
    headers,
    ...(call.body && { body: JSON.stringify(call.body) }),
  })
  return {
    status: response.status,
    record: response.headers.get('sallyport-record') ?? '',
    approval: response.headers.get('sallyport-approval') ?? undefined,
    body: await response.text(),
  }
}
