import type { Context, MiddlewareHandler } from 'hono'
import type { Role } from './contract.ts'
import type { AdminNeeds, SignedInPerson } from './needs.ts'
import { Refused } from './problem.ts'

export type AdminEnv = {
  Variables: { requestId: string; person: SignedInPerson; bearer: string }
}

/** Lets only people pass: a session's token, or a token of an identity provider for this API. */
export function requirePerson(needs: AdminNeeds): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const bearer = bearerOf(c)
    const person = await personOf(needs, bearer)
    if (!person)
      throw new Refused('unauthenticated', { detail: 'The token is not, or no longer, accepted.' })
    c.set('person', person)
    c.set('bearer', bearer)
    await next()
  }
}

/** Undefined when the proof is not, or no longer, accepted. */
export async function personOf(
  { signIn, now }: Pick<AdminNeeds, 'signIn' | 'now'>,
  bearer: string,
): Promise<SignedInPerson | undefined> {
  const person = bearer.startsWith(sessionPrefix)
    ? signIn.sessions.find(bearer)
    : await signIn.byToken(bearer)
  if (!person || person.authentication.expiresAt <= now()) return undefined
  // Said again here, whoever wired the sign-in: this API is for people who act for themselves.
  return person.subject.kind === 'user' && person.actors.length === 0 ? person : undefined
}

/** Refuses `unauthenticated` without `Authorization: Bearer …`. */
export function bearerOf(c: Context): string {
  const header = c.req.header('authorization') ?? ''
  const [, token] = /^bearer +([\w.~+/=-]{1,16384})$/i.exec(header) ?? []
  if (token === undefined) throw new Refused('unauthenticated')
  return token
}

export function rolesOf(
  { subject }: SignedInPerson,
  roleGroups: AdminNeeds['roleGroups'],
): readonly Role[] {
  const isIn = (groups: readonly string[]) => subject.groups.some((one) => groups.includes(one))
  const roles: Role[] = ['approver']
  if (isIn(roleGroups.payloadReader)) roles.unshift('payload-reader')
  if (isIn(roleGroups.auditor)) roles.unshift('auditor')
  if (isIn(roleGroups.admin)) roles.unshift('admin')
  return roles
}

/** Refuses `forbidden`. */
export function requireRole(
  c: Context<AdminEnv>,
  needs: AdminNeeds,
  role: 'admin' | 'auditor',
): void {
  const roles = rolesOf(c.get('person'), needs.roleGroups)
  if (roles.includes('admin') || roles.includes(role)) return
  throw new Refused('forbidden', { detail: `This needs the role ${role}.` })
}

/** Refuses `forbidden`: being an administrator is not enough. */
export function requirePayloadReader(c: Context<AdminEnv>, needs: AdminNeeds): void {
  if (rolesOf(c.get('person'), needs.roleGroups).includes('payload-reader')) return
  throw new Refused('forbidden', { detail: 'This needs the role payload-reader itself.' })
}

const sessionPrefix = 'spa_'
