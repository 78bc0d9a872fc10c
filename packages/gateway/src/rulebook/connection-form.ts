import { z } from 'zod'
import { duration } from '../config/duration.ts'
import { limits } from '../config/limits.ts'
import { type McpRevision, mcpRevisions } from '../model/connection.ts'
import {
  type CredentialForm,
  credentialForm,
  headerName,
  type SecretForm,
  secretForms,
} from './read-credential.ts'

export type ConnectionForm = HttpConnectionForm | McpConnectionForm

type ReachedForm = {
  readonly id: string
  readonly credential: CredentialForm
  /** Read from `30s` and the like into milliseconds. */
  readonly timeout?: number | undefined
}

export type HttpConnectionForm = ReachedForm & {
  readonly protocol: 'http'
  readonly upstream: string
  readonly prefix?: string | undefined
  readonly host?: string | undefined
  readonly forwardHeaders?: readonly string[] | undefined
  readonly describedBy?:
    | { readonly openapi: string; readonly every?: number | undefined }
    | undefined
  readonly definitionHeader?: string | undefined
}

/** Exactly one of `upstream` and `stdio`. */
export type McpConnectionForm = ReachedForm & {
  readonly protocol: 'mcp'
  readonly upstream?: string | undefined
  readonly stdio?:
    | {
        readonly command: string
        readonly args?: readonly string[] | undefined
        readonly env?: Readonly<Record<string, string | SecretForm>> | undefined
        readonly cwd?: string | undefined
      }
    | undefined
  readonly revision?: McpRevision | undefined
  readonly shared?: boolean | undefined
  /** Both read into milliseconds. */
  readonly definitions?:
    | { readonly maxAge?: number | undefined; readonly every?: number | undefined }
    | undefined
}

/** An upstream that says nothing for ten minutes is taken for dead whatever was promised. */
const timeoutMsMax = 600_000

const connectionId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'is lower-case letters, digits and hyphens')
  .describe('Names the connection; the first part of its functions’ ids.')

const httpConnection = z.strictObject({
  id: connectionId,
  protocol: z.literal('http'),
  upstream: z.string().max(2048).describe('Origin and base path: https://crm.internal/api'),
  prefix: z.string().max(256).optional().describe('Callers reach it below this path: /crm'),
  host: z.string().max(253).optional().describe('Callers reach it under this host name.'),
  credential: credentialForm,
  forwardHeaders: z.array(headerName).max(64).optional(),
  timeout: duration({ minMs: 1, maxMs: timeoutMsMax })
    .optional()
    .describe('Until the first byte and between two bytes: 500ms, 30s, 2m.'),
  describedBy: z
    .strictObject({
      openapi: z
        .string()
        .min(1)
        .max(2048)
        .describe('Where its OpenAPI document is: a path below the upstream, or a URL.'),
      every: duration({ minMs: limits.describedByMsMin, maxMs: limits.describedByMsMax })
        .optional()
        .describe('How often it is read; 5m when absent.'),
    })
    .optional()
    .describe('Where the upstream says what it offers: a function it describes otherwise waits.'),
  definitionHeader: headerName
    .optional()
    .describe('The response header in which the upstream states which definition it has.'),
})

const childText = z
  .string()
  .max(4096)
  .regex(/^[^\0]*$/, 'may not hold a NUL')

const mcpConnection = z.strictObject({
  id: connectionId,
  protocol: z.literal('mcp'),
  upstream: z.string().max(2048).optional().describe('Its endpoint: https://mcp.example/mcp'),
  stdio: z
    .strictObject({
      command: childText.min(1).describe('An absolute path, or a name found in PATH. No shell.'),
      args: z.array(childText).max(256).optional(),
      env: z
        .record(
          z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/),
          z.union([childText, ...secretForms]),
        )
        .optional()
        .describe('All that is in its environment.'),
      cwd: childText.min(1).optional().describe('An absolute path.'),
    })
    .optional()
    .describe('Instead of `upstream`: a program that is started and spoken to by its pipes.'),
  credential: credentialForm,
  revision: z
    .enum(mcpRevisions)
    .optional()
    .describe('The revision it is spoken to in; found out when absent.'),
  shared: z
    .boolean()
    .optional()
    .describe('All callers share one session or process with it. Absent: each has their own.'),
  definitions: z
    .strictObject({
      maxAge: duration({ minMs: 0, maxMs: limits.describedByMsMax })
        .optional()
        .describe('How old what it says of its functions may be at a call; 0s when absent.'),
      every: duration({ minMs: limits.describedByMsMin, maxMs: limits.describedByMsMax })
        .optional()
        .describe('How often it is asked without any call; 5m when absent.'),
    })
    .optional(),
  timeout: duration({ minMs: 1, maxMs: timeoutMsMax })
    .optional()
    .describe('Until the first byte and between two bytes: 500ms, 30s, 2m.'),
})

export const connectionForm: z.ZodType<ConnectionForm> = z
  .discriminatedUnion('protocol', [httpConnection, mcpConnection], {
    error: 'has to be `http` or `mcp`',
  })
  .meta({ title: 'Sallyport connection' })
