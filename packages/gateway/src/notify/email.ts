import { createHash } from 'node:crypto'
import type { Limits } from '../config/limits.ts'
import type { EmailConfig } from '../config/notify.ts'
import type { SecretReference } from '../model/secret.ts'
import type { Channel, Resolve, Sending, Sent } from './channel.ts'
import { cutText } from './cut-text.ts'

/**
 * Plain text with a link. Nothing in a mail decides anything: whoever reads one, or a scanner that opens every
 * link in it, still has to sign in and vote. A conversation with the mail server for each, so that a changed
 * password needs no restart.
 */
export function emailChannel(
  config: EmailConfig,
  needs: {
    readonly resolve: Resolve<SecretReference>
    readonly limits: Pick<Limits, 'noticeSendMs' | 'noticeTextChars'>
    /** PEM of further authorities; absent: those that Node trusts. */
    readonly ca?: string
  },
): Channel {
  const { resolve, limits, ca } = needs
  const { username, password } = config
  return {
    send: async (asked): Promise<Sent> => {
      const pass = password && (await resolve(password).catch(() => undefined))
      if (password && pass === undefined) return { kind: 'failed', why: 'the password is missing' }
      // Loaded by the first mail: a gateway that sends none starts sooner.
      const { createTransport } = await import('nodemailer')
      const transport = createTransport({
        ...serverOf(config),
        ...(username !== undefined && pass !== undefined && { auth: { user: username, pass } }),
        ...(ca !== undefined && { tls: { ca } }),
        connectionTimeout: limits.noticeSendMs,
        greetingTimeout: limits.noticeSendMs,
        socketTimeout: limits.noticeSendMs,
        dnsTimeout: limits.noticeSendMs,
        maxResponseSize: answerBytesMax,
        // A path or an address in a text is never opened.
        disableFileAccess: true,
        disableUrlAccess: true,
      })
      try {
        const { signal } = asked
        await transport.sendMail({ ...letterOf(asked, config, limits), signal })
        return { kind: 'sent' }
      } catch (thrown) {
        return failureOf(thrown, asked.signal)
      } finally {
        transport.close()
      }
    },
  }
}

function serverOf({ smtp, insecureSmtp }: EmailConfig): {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly requireTLS: boolean
  readonly ignoreTLS: boolean
} {
  const { protocol, hostname, port } = new URL(smtp)
  const secure = protocol === 'smtps:'
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    // Without it a server, or somebody between, that offers no TLS would be given everything in clear.
    requireTLS: !secure && !insecureSmtp,
    ignoreTLS: insecureSmtp,
  }
}

type Letter = {
  readonly from: string
  readonly to: string[]
  readonly subject: string
  readonly text: string
  readonly messageId: string
  readonly references: string
  readonly headers: Record<string, string>
}

/** The same notice has the same `Message-ID`, so that mail programs drop a repetition; one approval is one thread. */
function letterOf(
  { id, message, link }: Sending,
  { from, to }: EmailConfig,
  { noticeTextChars }: { readonly noticeTextChars: number },
): Letter {
  const { subject, facts, about, state, decideBy } = message
  const lines = facts.map(({ name, text, untrusted }) => {
    const label = untrusted ? `${name} (as the caller says)` : name
    const shown = cutText(text, noticeTextChars)
    const more = shown.whole ? '' : '\n  (not all of it is shown here)'
    // Indented, so that no line of it can pass for one of ours.
    return `${oneLine(label)}:\n  ${shown.text.replace(/\r\n?|\n/g, '\n  ')}${more}`
  })
  const end = decideBy === undefined ? [] : [`until: ${new Date(decideBy).toISOString()}`]
  const where = link === undefined ? [] : [`Look at it, and decide, at ${link}`]
  return {
    from,
    to: [...to],
    subject: cutText(oneLine(subject), subjectCharsMax).text,
    text: [oneLine(subject), '', `${about}: ${state}`, ...end, '', ...lines, '', ...where, '']
      .join('\n')
      .replace(/\n{3,}/g, '\n\n'),
    messageId: letterId(id, from),
    references: letterId(about, from),
    headers: { 'auto-submitted': 'auto-generated', 'x-auto-response-suppress': 'All' },
  }
}

/** RFC 5322 section 3.6.4. */
function letterId(text: string, from: string): string {
  const left = createHash('sha256').update(text).digest('hex').slice(0, 40)
  return `<${left}@${from.slice(from.lastIndexOf('@') + 1)}>`
}

/** A line break in a header would begin a header of somebody else's. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

/** Codes only: a mail server's words may quote addresses, and a library's the password. */
function failureOf(thrown: unknown, signal: AbortSignal): Sent {
  if (signal.aborted) return { kind: 'failed', why: 'no answer in time' }
  const status = numberIn(thrown, 'responseCode')
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  const known = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'not sent'
  const why = status === undefined ? known : `${known} ${status}`
  // No recipient is taken, and will not be (RFC 5321 section 4.2.1). A password can be mended.
  const never =
    status !== undefined && status >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
  return never ? { kind: 'refused', why } : { kind: 'failed', why }
}

function numberIn(thrown: unknown, name: 'responseCode'): number | undefined {
  const value = thrown instanceof Error && name in thrown ? Object(thrown)[name] : undefined
  return typeof value === 'number' ? value : undefined
}

/** RFC 5322 advises 78 for a line. */
const subjectCharsMax = 150
/** No answer of a mail server is longer. */
const answerBytesMax = 65_536
