import { createRoute, z } from '@hono/zod-openapi'
import { requireRole } from '../access.ts'
import type { ChannelListed } from '../contract.ts'
import type { ChannelGauge } from '../metrics.ts'
import type { AdminNeeds } from '../needs.ts'
import { type AdminApp, answers } from '../openapi.ts'
import { Refused } from '../problem.ts'
import { channelListed, channelTested, page } from '../schema.ts'

const tags = ['Notifications']

/** How people are told of what waits for them. Neither of these changes anything, so neither is recorded. */
export function channelRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/notify/channels',
      tags,
      responses: answers(page(channelListed), 'All of them, as gateway.yaml names them.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      return c.json({ data: needs.notifier.channels().map(listed), next_cursor: null }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/notify/channels/{name}/test',
      tags,
      request: { params: z.object({ name: z.string().min(1).max(32) }) },
      description: 'Tells a message that says it is a test, now and once.',
      responses: answers(channelTested, 'Whether it was taken.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const tested = await needs.notifier.test(c.req.valid('param').name)
      if (!tested) throw new Refused('not-found')
      return c.json({ sent: tested.sent, why: tested.sent ? null : tested.why }, 200)
    },
  )
}

function listed({ name, kind, sent, failed, givenUp, trouble }: ChannelGauge): ChannelListed {
  return { name, kind, sent, failed, given_up: givenUp, trouble: trouble ?? null }
}
