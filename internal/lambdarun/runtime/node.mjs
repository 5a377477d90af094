// The Lambda runtime of Node.js functions, as far as corsgate runs them: it
// takes events from the Runtime API and calls the handler, in any of the ways
// that https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html knows.
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const env = process.env
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':')
const root = env.LAMBDA_TASK_ROOT
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
const streaming = Symbol('streaming')

// open starts a request to the Runtime API. Its answer settles the promise.
function open(method, name, headers = {}) {
  let request
  const answer = new Promise((resolve, reject) => {
    request = http.request({ agent, host, port, method, headers, path: '/2018-06-01/runtime/' + name }, response => {
      const chunks = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }))
    })
    request.on('error', reject)
  })
  return { request, answer }
}

async function call(method, name, body, headers) {
  const bytes = body === undefined ? undefined : Buffer.from(body)
  const { request, answer } = open(method, name, bytes ? { 'Content-Type': 'application/json', 'Content-Length': bytes.length, ...headers } : headers)
  request.end(bytes)
  const response = await answer
  if (response.status >= 300) throw new Error(`the Runtime API refuses ${name}: ${response.status} ${response.body}`)
  return response
}

class RuntimeError extends Error {
  constructor(type, message, cause) {
    super(message)
    this.name = type
    if (cause?.stack) this.stack = cause.stack
  }
}

function describe(e) {
  if (e instanceof Error || Object.prototype.toString.call(e) === '[object Error]') {
    return { errorType: e.name, errorMessage: e.message, trace: String(e.stack ?? '').split('\n') }
  }
  return { errorType: typeof e, errorMessage: String(e), trace: [] }
}

function report(name, e) {
  const what = describe(e)
  console.error(what.trace.join('\n') || what.errorMessage)
  return call('POST', name, JSON.stringify(what), { 'Lambda-Runtime-Function-Error-Type': encodeURIComponent(what.errorType) })
}

// What a handler that streams its answer uses,
// https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html.
globalThis.awslambda = {
  streamifyResponse(handler) {
    handler[streaming] = true
    return handler
  },
  HttpResponseStream: {
    from(stream, prelude) {
      stream.setContentType('application/vnd.awslambda.http-integration-response')
      stream.write(JSON.stringify(prelude))
      stream.write(Buffer.alloc(8))
      return stream
    },
  },
}

// load gives the function that _HANDLER names: "dir/file.export", where export
// can have dots.
async function load(name) {
  const [, module, exported] = /^([^.]*)\.(.+)$/.exec(path.basename(name)) ?? []
  if (!module) throw new RuntimeError('Runtime.MalformedHandlerName', `Bad handler ${name}: want file.function, such as index.handler`)
  const base = path.resolve(root, path.dirname(name), module)
  const file = ['.js', '.mjs', '.cjs'].map(ext => base + ext).find(f => fs.existsSync(f))
  if (!file) throw new RuntimeError('Runtime.ImportModuleError', `Error: Cannot find module '${module}' in ${path.dirname(base)}`)
  let exports
  try {
    exports = file.endsWith('.mjs') ? await import(pathToFileURL(file)) : await requireOrImport(file)
  } catch (e) {
    if (e instanceof SyntaxError) throw new RuntimeError('Runtime.UserCodeSyntaxError', `SyntaxError: ${e.message}`, e)
    if (e?.code === 'MODULE_NOT_FOUND' || e?.code === 'ERR_MODULE_NOT_FOUND') throw new RuntimeError('Runtime.ImportModuleError', `Error: ${e.message}`, e)
    throw e
  }
  const handler = exported.split('.').reduce((o, key) => o?.[key], exports) ?? exported.split('.').reduce((o, key) => o?.[key], exports?.default)
  if (typeof handler !== 'function') throw new RuntimeError('Runtime.HandlerNotFound', `${name} is undefined or not exported`)
  return handler
}

async function requireOrImport(file) {
  try {
    return createRequire(file)(file)
  } catch (e) {
    // A .js file is an ES module where its package.json says so.
    if (e?.code === 'ERR_REQUIRE_ESM' || e?.code === 'ERR_REQUIRE_ASYNC_MODULE') return import(pathToFileURL(file))
    throw e
  }
}

// settle is called when nothing is left to do: an invocation that is not
// answered by then never will be.
let settle
process.on('beforeExit', () => settle?.())

function context(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
}

// invoke gives what the handler answers: by its promise, or by the callback,
// which waits until nothing is left to do unless the context says otherwise.
function invoke(handler, event, ctx) {
  return new Promise((resolve, reject) => {
    settle = () => resolve(null)
    const done = (e, value) => {
      const answer = () => (e === undefined || e === null ? resolve(value) : reject(e))
      if (ctx.callbackWaitsForEmptyEventLoop && !e) settle = answer
      else answer()
    }
    Object.assign(ctx, { done, succeed: value => done(null, value), fail: e => done(e ?? 'handled') })
    const result = handler(event, ctx, done)
    if (typeof result?.then === 'function') result.then(resolve, reject)
  }).finally(() => { settle = undefined })
}

// stream calls a handler that writes its answer. The request to the Runtime API
// is opened at the first byte; an error after that travels in its trailers.
async function stream(handler, event, ctx, id) {
  const { request, answer } = open('POST', `invocation/${id}/response`, {
    'Lambda-Runtime-Function-Response-Mode': 'streaming',
    'Content-Type': 'application/octet-stream',
    'Transfer-Encoding': 'chunked',
    Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
  })
  request.setContentType = type => request.setHeader('Content-Type', type)
  answer.catch(() => {}) // it is awaited below, if the request was sent
  try {
    await handler(event, request, ctx)
  } catch (e) {
    if (!request.headersSent) {
      request.destroy()
      throw e
    }
    const what = describe(e)
    console.error(what.trace.join('\n') || what.errorMessage)
    request.addTrailers({
      'Lambda-Runtime-Function-Error-Type': encodeURIComponent(what.errorType),
      'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(what)).toString('base64'),
    })
  }
  if (!request.writableEnded) request.end()
  const response = await answer
  if (response.status >= 300) throw new Error(`the Runtime API refuses the stream: ${response.status} ${response.body}`)
}

async function main() {
  let handler
  try {
    handler = await load(env._HANDLER)
  } catch (e) {
    await report('init/error', e)
    process.exit(1)
  }
  let id
  const fatal = code => async e => {
    try {
      await (id ? report(`invocation/${id}/error`, e) : report('init/error', e))
    } finally {
      process.exit(code)
    }
  }
  process.on('uncaughtException', fatal(129))
  process.on('unhandledRejection', reason => fatal(128)(new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason), reason)))
  for (;;) {
    const next = await call('GET', 'invocation/next')
    id = next.headers['lambda-runtime-aws-request-id']
    env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'] ?? ''
    const ctx = context(next.headers)
    try {
      const event = JSON.parse(next.body)
      if (handler[streaming]) {
        await stream(handler, event, ctx, id)
      } else {
        const value = await invoke(handler, event, ctx)
        await call('POST', `invocation/${id}/response`, JSON.stringify(value === undefined ? null : value) ?? 'null')
      }
    } catch (e) {
      await report(`invocation/${id}/error`, e)
    }
    id = undefined
  }
}

main().catch(e => {
  // The Runtime API is gone, and so is whoever asked.
  console.error(e)
  process.exit(1)
})
