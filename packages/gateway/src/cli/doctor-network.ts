import { createServer } from 'node:net'
import type { IssuerConfig } from '../config/config.ts'
import { limits } from '../config/limits.ts'

/** One thing looked at. `cure` says what to do when it is not well. */
export type Finding = {
  readonly what: string
  readonly state: 'ok' | 'warning' | 'wrong'
  readonly told: string
  readonly cure?: string
}

type Address = { readonly host: string; readonly port: number }

const probeMs = 2_000

/** Whether a gateway's admin API is alive here. */
export async function gatewayAnswers({ host, port }: Address): Promise<boolean> {
  const name = host.includes(':') ? `[${host}]` : host
  try {
    const response = await fetch(`http://${name}:${port}/livez`, {
      signal: AbortSignal.timeout(probeMs),
      redirect: 'error',
    })
    return response.ok
  } catch {
    return false
  }
}

/** Whether this address can be listened on, by listening on it for a moment. */
export function addressState({ host, port }: Address): Promise<Finding> {
  const at = `${host}:${port}`
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      resolve({
        what: 'ports',
        state: 'wrong',
        told: `${at} cannot be listened on (${error.code ?? 'failed'}).`,
        cure: taken
          ? 'Stop what listens there, or choose another port.'
          : 'Choose another address.',
      })
    })
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => resolve({ what: 'ports', state: 'ok', told: `${at} is free` }))
    })
  })
}

/** Whether an issuer's discovery document can be had and is its own, and whether our clocks agree. */
export async function issuerState({ name, issuer }: IssuerConfig): Promise<Finding[]> {
  const what = 'issuer'
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(limits.identityFetchMs),
      redirect: 'error',
    })
    const document: { readonly issuer?: unknown } | null = JSON.parse(await response.text())
    if (!response.ok || document?.issuer !== issuer) {
      const cure = 'The issuer in gateway.yaml has to be exactly the one in its document.'
      return [{ what, state: 'wrong', told: `${name}: ${url} is not about ${issuer}.`, cure }]
    }
    return [{ what, state: 'ok', told: `${name}: ${issuer} answers` }, clockFinding(name, response)]
  } catch {
    const cure = 'Check the address, and that this machine may reach it.'
    return [{ what, state: 'wrong', told: `${name}: ${url} cannot be fetched.`, cure }]
  }
}

/** The `Date` header counts whole seconds, so a second of difference says nothing. */
function clockFinding(name: string, response: Response): Finding {
  const what = 'clock'
  const theirs = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(theirs)) return { what, state: 'ok', told: `${name} does not say its time` }
  const apartMs = Math.abs(Date.now() - theirs)
  if (apartMs <= limits.clockLeewayMs) return { what, state: 'ok', told: `agrees with ${name}` }
  const told = `${Math.round(apartMs / 1_000)} s apart from ${name}: tokens will be refused.`
  return { what, state: 'wrong', told, cure: 'Set the clock of this machine (NTP).' }
}
