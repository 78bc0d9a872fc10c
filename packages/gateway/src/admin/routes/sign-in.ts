import { createRoute } from '@hono/zod-openapi'
import { bearerOf, requirePerson, rolesOf } from '../access.ts'
import type { AdminNeeds } from '../needs.ts'
import { type AdminApp, answers, emptyAnswers } from '../openapi.ts'
import { Refused } from '../problem.ts'
import { signedIn, whoami } from '../schema.ts'

const tags = ['Sign-in']

/** Who is asking. `POST /sign-in` is the one route of the API that takes no session. */
export function signInRoutes(app: AdminApp, needs: AdminNeeds): void {
  const { signIn, store, now } = needs
  const attempts = countAttempts(needs)

  app.openapi(
    createRoute({
      method: 'post',
      path: '/sign-in',
      tags,
      description: 'Exchanges an operator key or an identity provider token for a session.',
      responses: answers(signedIn, 'Signed in. The token is shown this once.'),
    }),
    async (c) => {
      attempts(peerOf(c.env))
      const proof = bearerOf(c)
      const person = proof.startsWith('spo_')
        ? await signIn.byOperatorKey(proof)
        : await signIn.byToken(proof)
      if (person.subject.kind !== 'user' || person.actors.length > 0) {
        throw new Refused('unauthenticated', { detail: 'This proof of identity is not accepted.' })
      }
      const { subject, authentication } = person
      const time = new Date(now()).toISOString()
      await store.commit({
        record: { type: 'admin.signed-in', time, by: subject.id, method: authentication.method },
        payloads: [],
      })
      const { token, expiresAt } = signIn.sessions.create(person)
      return c.json({ token, expires_at: new Date(expiresAt).toISOString(), id: subject.id }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/whoami',
      tags,
      middleware: [requirePerson(needs)] as const,
      responses: answers(whoami, 'The person this token stands for.'),
    }),
    (c) => {
      const person = c.get('person')
      const { subject, authentication } = person
      return c.json(
        {
          id: subject.id,
          groups: [...subject.groups],
          roles: [...rolesOf(person, needs.roleGroups)],
          method: authentication.method,
          expires_at: new Date(authentication.expiresAt).toISOString(),
        },
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/sign-in',
      tags,
      middleware: [requirePerson(needs)] as const,
      responses: emptyAnswers('Signed out.'),
    }),
    (c) => {
      signIn.sessions.end(c.get('bearer'))
      return c.body(null, 204)
    },
  )
}

/** Bounded attempts for each address and minute. Forgets everything when too many addresses come. */
function countAttempts({ now, limits }: AdminNeeds): (address: string) => void {
  let minute = 0
  const attempts = new Map<string, number>()
  return (address) => {
    const current = Math.floor(now() / 60_000)
    if (current !== minute || attempts.size >= addressesMax) attempts.clear()
    minute = current
    const made = (attempts.get(address) ?? 0) + 1
    attempts.set(address, made)
    if (made > limits.signInsPerMinute) {
      throw new Refused('too-many-attempts', { headers: { 'retry-after': '60' } })
    }
  }
}

function peerOf(env: unknown): string {
  if (typeof env !== 'object' || env === null || !('incoming' in env)) return 'unknown'
  const { incoming } = env
  if (typeof incoming !== 'object' || incoming === null || !('socket' in incoming)) return 'unknown'
  const { socket } = incoming
  if (typeof socket !== 'object' || socket === null || !('remoteAddress' in socket))
    return 'unknown'
  return String(socket.remoteAddress)
}

/** About 100 bytes each. */
const addressesMax = 10_000
