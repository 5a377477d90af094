exports.handler = async event => {
  const response = { statusCode: 200, headers: { 'access-control-allow-origin': '*', Vary: 'Accept' }, body: 'hello' }
  switch (event.path) {
    case '/error': throw new Error('no such table')
    case '/exit': process.exit(7)
    case '/large': response.body = '"'.repeat(2_900_000); break
    case '/binary': Object.assign(response, { body: 'AP8=', isBase64Encoded: true })
  }
  return response
}

// Each chunk waits for a word from whoever has read the one before.
exports.stream = awslambda.streamifyResponse(async (event, out) => {
  const word = () => fetch(process.env.TEST_WORD)
  if (event.path !== '/raw') {
    out = awslambda.HttpResponseStream.from(out, { statusCode: 200, headers: { 'access-control-allow-origin': '*', Vary: 'Accept' }, cookies: ['a=b'] })
  }
  for (const chunk of ['first ', 'second ', 'third']) {
    out.write(chunk)
    await word()
  }
  if (event.path === '/breaks') throw new Error('out of tables')
  if (event.path === '/exit') process.exit(7)
  out.end()
})

// A stream that is one response, as some write it.
exports.whole = awslambda.streamifyResponse(async (event, out) => {
  out.write('{"statusCode":200,"headers":{"access-control-allow-origin":"*","Vary":"Accept"},')
  await fetch(process.env.TEST_WORD)
  out.write('"body":"hello"}')
  out.end()
})
