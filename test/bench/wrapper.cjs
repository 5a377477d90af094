exports.handler = async event => ({ statusCode: 200, headers: { 'Content-Type': 'text/plain' }, body: event.body })

if (process.env._HANDLER === 'index.peer') {
  const load = async () => {
    const { pathToFileURL } = require('node:url')
    const from = name => import(pathToFileURL(require.resolve(name)))
    const [{ default: middy }, { default: cors }] = await Promise.all([from('@middy/core'), from('@middy/http-cors')])
    return middy().use(cors({ origins: ['https://app.example.com', 'https://admin.example.com', 'https://*.preview.example.com'] })).handler(exports.handler)
  }
  const handler = load()
  exports.peer = async (event, context) => (await handler)(event, context)
}
