import type { ApprovalDetail, ApprovalSummary } from '../../admin/approval-contract.ts'
import type {
  CallDetail,
  Page,
  SessionDetail,
  SessionListed,
  SignedIn,
} from '../../admin/contract.ts'
import { type Api, openApi } from '../api.ts'
import type { DemoWorld } from './world.ts'

/** The demo's person at the admin API: dana, who may approve payments. */
export type AdminClient = {
  readonly decide: (approval: string, verdict: 'approve' | 'deny') => Promise<void>
  readonly approval: (id: string) => Promise<ApprovalDetail>
  readonly newestSession: () => Promise<string>
  /** The question about this function that waits for people, as soon as there is one. */
  readonly questionAbout: (functionId: string) => Promise<string>
  /** Its calls in the order they began, each with its records. */
  readonly calls: (session: string) => Promise<readonly CallDetail[]>
  /** What to put before a `sallyport` command in another terminal, so that it speaks to this demo as dana. */
  readonly commandPrefix: string
}

export async function adminClient({ adminUrl, approverToken }: DemoWorld): Promise<AdminClient> {
  const { token } = await openApi({ url: adminUrl, token: approverToken }).post<SignedIn>(
    '/sign-in',
    {},
  )
  const api: Api = openApi({ url: adminUrl, token })
  const approval = (id: string) => api.get<ApprovalDetail>(`/approvals/${id}`)
  return {
    approval,
    decide: async (id, verdict) => {
      const { digest } = await approval(id)
      await api.post(`/approvals/${id}/${verdict}`, { digest, reason: `${verdict} in the demo` })
    },
    newestSession: async () => {
      const { data } = await api.get<Page<SessionListed>>('/sessions')
      const [newest] = data
      if (!newest) throw new Error('no session was recorded')
      return newest.id
    },
    questionAbout: async (functionId) => {
      for (;;) {
        const { data } = await api.get<Page<ApprovalSummary>>('/approvals', { state: 'PENDING' })
        const asked = data.find((one) => one.function === functionId)
        if (asked) return asked.id
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    calls: async (session) => {
      const { data } = await api.get<SessionDetail>(`/sessions/${session}`)
      return Promise.all(data.map(({ id }) => api.get<CallDetail>(`/calls/${id}`)))
    },
    commandPrefix: `SALLYPORT_ADMIN_URL=${adminUrl} SALLYPORT_ADMIN_TOKEN=${token}`,
  }
}
