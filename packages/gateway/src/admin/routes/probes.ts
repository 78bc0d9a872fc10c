import type { AdminNeeds } from '../needs.ts'
import type { AdminApp } from '../openapi.ts'

/** For orchestrators and Prometheus, without sign-in: they say nothing about anybody. */
export function probeRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.get('/livez', (c) => c.text('ok\n'))
  app.get('/readyz', async (c) => {
    const missing = await needs.notReady()
    return missing.length === 0 ? c.text('ok\n') : c.text(`not ready: ${missing.join(', ')}\n`, 503)
  })
  app.get('/metrics', async (c) => {
    const records = await needs.store.size()
    const pending = await needs.store.approvals({ state: 'PENDING', limit: 1000 })
    const now = needs.now()
    const approvalsPending = pending.filter(({ decideBy }) => decideBy > now).length
    const notices = await needs.store.noticeCounts()
    return c.body(needs.metrics.text({ records, approvalsPending, notices }), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    })
  })
}
