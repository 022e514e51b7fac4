// The MCP SDKs for TypeScript, 1.x and 2.x, unchanged, from a server's 401 to a tool call. The server is a few lines of JSON-RPC whose
// metadata name the bridge, and which asks the bridge about its tokens. Standard input: what tests/clients/mcp_place.py tells.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import * as two from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const place = JSON.parse(await text(process.stdin))
const scope = `${place.server}/tools.read`
const redirectUri = 'http://localhost:33418/callback'
const metadataUrl = new URL('/.well-known/oauth-protected-resource/mcp', place.server).href

async function isActive(authorization) {
  const credentials = Buffer.from(`${place.gateway.id}:${place.gateway.secret}`).toString('base64')
  const body = new URLSearchParams({ token: authorization.replace(/^Bearer /, '') })
  const answer = await fetch(`${place.bridge}/introspect`, { method: 'POST', headers: { authorization: `Basic ${credentials}` }, body })
  const found = await answer.json()
  return found.active && found.scope.split(' ').includes('tools.read')
}

const methods = {
  initialize: (params) => ({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'orders', version: '1' } }),
  'tools/list': () => ({ tools: [{ name: 'count_orders', inputSchema: { type: 'object' } }] }),
  'tools/call': () => ({ content: [{ type: 'text', text: 'three' }] }),
}

const server = createServer(async (request, response) => {
  const send = (status, body, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body && JSON.stringify(body))
  if (request.url === new URL(metadataUrl).pathname) {
    return send(200, { resource: place.server, authorization_servers: [place.bridge], scopes_supported: [scope] })
  }
  if (!(await isActive(request.headers.authorization ?? ''))) {
    return send(401, { error: 'invalid_token' }, { 'www-authenticate': `Bearer resource_metadata="${metadataUrl}", scope="${scope}"` })
  }
  if (request.method !== 'POST') return send(405)
  const call = JSON.parse(await text(request))
  if (call.id === undefined) return send(202)
  const method = methods[call.method]
  const outcome = method ? { result: method(call.params) } : { error: { code: -32601, message: 'Method not found' } }
  return send(200, { jsonrpc: '2.0', id: call.id, ...outcome })
})

/** A client's memory, and a person with a browser. */
class Provider {
  asked = []
  get redirectUrl() { return redirectUri }
  get clientMetadata() {
    return {
      client_name: 'mcp client', redirect_uris: [redirectUri], grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'], token_endpoint_auth_method: 'none',
    }
  }
  clientInformation() { return this.client }
  saveClientInformation(client) { this.client = client }
  tokens() { return this.kept }
  saveTokens(tokens) { this.kept = tokens }
  discoveryState() { return this.discovered }
  saveDiscoveryState(found) { this.discovered = found }
  saveCodeVerifier(verifier) { this.verifier = verifier }
  codeVerifier() { return this.verifier }
  async redirectToAuthorization(url) {
    this.asked.push(url.searchParams)
    const page = await (await fetch(url, { redirect: 'manual' })).text()
    const [action, id] = [/action="([^"]+)"/, /name="request" value="([^"]+)"/].map((part) => part.exec(page)?.[1])
    assert(action && id, page)
    const body = new URLSearchParams({ request: id, username: place.user[0], password: place.user[1] })
    const back = await fetch(new URL(action, url), { method: 'POST', body, redirect: 'manual' })
    assert.equal(back.status, 302, await back.text())
    this.code = new URL(back.headers.get('location')).searchParams.get('code')
  }
}

async function walk(name, sdk) {
  const provider = new Provider()
  const connect = async () => {
    const client = new sdk.Client({ name: 'mcp client', version: '1' })
    const transport = new sdk.StreamableHTTPClientTransport(new URL(place.server), { authProvider: provider })
    try {
      await client.connect(transport)
    } catch (refused) {
      if (!provider.code) throw refused
      await transport.finishAuth(provider.code)
      provider.code = undefined
      return undefined
    }
    return client
  }
  const client = (await connect()) ?? (await connect())
  assert.equal((await client.callTool({ name: 'count_orders', arguments: {} })).content[0].text, 'three')
  await client.close()
  const [asked] = provider.asked
  assert.equal(asked.get('resource'), place.server)
  assert(asked.get('scope').split(' ').includes(scope))
  assert.equal(provider.client.client_secret, undefined)
  console.log(`ok ${name} gets from 401 to a tool call; it asked for ${asked.get('scope').replace(scope, 'the scope')}`)
  if (provider.kept.refresh_token) {
    provider.kept = { ...provider.kept, access_token: 'worn-out' }
    const again = await connect()
    assert.equal((await again.callTool({ name: 'count_orders', arguments: {} })).content[0].text, 'three')
    await again.close()
    assert.equal(provider.asked.length, 1)
    console.log(`ok ${name} refreshes its token without a browser`)
  }
}

await new Promise((listening) => server.listen(place.port, '127.0.0.1', listening))
await walk('the SDK 1.x', { Client, StreamableHTTPClientTransport })
await walk('the client 2.x', two)
server.close()
server.closeAllConnections()
