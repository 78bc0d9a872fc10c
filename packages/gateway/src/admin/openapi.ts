import { OpenAPIHono, z } from '@hono/zod-openapi'
import { limits } from '../config/limits.ts'
import { pointerTo } from '../model/json.ts'
import type { AdminEnv } from './access.ts'
import type { Problem } from './contract.ts'
import { Refused } from './problem.ts'
import { problem } from './schema.ts'

export type AdminApp = OpenAPIHono<AdminEnv>

/** An app whose requests are refused, with every place that is wrong, before a route sees them. */
export function openApp(): AdminApp {
  return new OpenAPIHono<AdminEnv>({
    defaultHook: (result) => {
      if (result.success) return
      const inBody = result.target === 'json'
      throw new Refused('request-invalid', {
        errors: result.error.issues.slice(0, limits.problemsListed).map(({ path, message }) => ({
          pointer: inBody ? pointerOf(path) : path.map(String).join('.'),
          detail: message,
        })),
      })
    },
  })
}

type Answers<Schema extends z.ZodType, Status extends number> = {
  [One in Status]: { description: string; content: { 'application/json': { schema: Schema } } }
} & {
  default: {
    description: string
    content: { 'application/problem+json': { schema: z.ZodType<Problem> } }
  }
}

/** The answers of a route: its success, and problem details for everything else. */
export function answers<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
): Answers<Schema, 200> {
  return {
    200: { description, content: { 'application/json': { schema } } },
    default: refusedAnswer,
  }
}

export function createdAnswers<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
): Answers<Schema, 201> {
  return {
    201: { description, content: { 'application/json': { schema } } },
    default: refusedAnswer,
  }
}

/** For a route that answers 204. */
export function emptyAnswers(description: string): {
  204: { description: string }
  default: Answers<z.ZodType, 200>['default']
} {
  return { 204: { description }, default: refusedAnswer }
}

/** For a route that answers with text of a format of its own. */
export function textAnswers(description: string): {
  200: { description: string; content: { 'text/plain': { schema: z.ZodString } } }
  default: Answers<z.ZodType, 200>['default']
} {
  return {
    200: { description, content: { 'text/plain': { schema: z.string() } } },
    default: refusedAnswer,
  }
}

/** Puts a route whose `path` goes on over slashes into the description; its handler is a plain route. */
export function describeFiles(
  app: AdminApp,
  about: { readonly path: string; readonly tag: string; readonly description: string },
): void {
  const names = [...about.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: about.path,
    tags: [about.tag],
    description: about.description,
    request: { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) },
    responses: {
      200: {
        description: 'The bytes.',
        content: { 'application/octet-stream': { schema: z.string() } },
      },
      default: refusedAnswer,
    },
  })
}

/** Puts an event stream into the description; its handler is a plain route. */
export function describeEvents(
  app: AdminApp,
  about: { readonly path: string; readonly tag: string; readonly description: string },
): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: about.path,
    tags: [about.tag],
    description: about.description,
    request: {
      headers: z.object({
        'last-event-id': z.string().optional().describe('Resumes after this event.'),
      }),
    },
    responses: {
      200: {
        description: 'Server-sent events. An id is the index of the record that tells of it.',
        content: { 'text/event-stream': { schema: z.string() } },
      },
      default: refusedAnswer,
    },
  })
}

export const refusedAnswer: Answers<z.ZodType, 200>['default'] = {
  description: 'Problem details (RFC 9457).',
  content: { 'application/problem+json': { schema: problem } },
}

type PageQuery = z.ZodObject<{
  limit: z.ZodDefault<z.ZodCoercedNumber<unknown>>
  cursor: z.ZodOptional<z.ZodString>
}>

/** What every list takes. */
export const pageQuery: PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.pageRowsMax).default(limits.pageRows),
  cursor: z.string().max(512).optional(),
})

/** An exact value to filter by: an id or a name. */
export const filter: z.ZodOptional<z.ZodString> = z.string().min(1).max(256).optional()

type IdParams = z.ZodObject<{ id: z.ZodString }>

export const idParams: IdParams = z.object({ id: z.string().min(1).max(256) })

/** A request body that has to be there, and has to be JSON. */
export function jsonBody<Schema extends z.ZodType>(
  schema: Schema,
): { body: { required: true; content: { 'application/json': { schema: Schema } } } } {
  return { body: { required: true, content: { 'application/json': { schema } } } }
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((pointer, key) => pointerTo(pointer, String(key)), '')
}
