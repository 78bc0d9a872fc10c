import { Failure } from './exit.ts'

/**
 * A gateway's address, safe to send a credential to: https, or http on this machine. Without a slash at
 * its end.
 */
export function readAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search) {
    throw new Failure('usage', 'This is not the address of a gateway.', {
      detail: text,
      cure: 'Write it as https://gateway.example:7434',
    })
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new Failure('usage', 'A credential is not sent over plain http to another machine.', {
      detail: text,
      cure: 'Use https, or a tunnel to this machine.',
    })
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
