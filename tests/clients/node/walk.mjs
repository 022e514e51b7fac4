// Independent OAuth clients against the bridge: openid-client, and the SDK of the Model Context Protocol.
// Standard input: {"url", "initialToken", "scope", "gateway": {"id", "secret"}}. Each check prints a line; the exit code tells the rest.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as oidc from 'openid-client'
import { discoverAuthorizationServerMetadata, registerClient } from '@modelcontextprotocol/sdk/client/auth.js'

const place = JSON.parse(readFileSync(0, 'utf8'))
const server = new URL(place.url)
const insecure = { execute: [oidc.allowInsecureRequests], algorithm: 'oauth2' }
let passed = 0

async function check(sentence, work) {
  await work()
  passed += 1
  console.log(`ok ${sentence}`)
}

let service
await check('openid-client registers a service client with the initial access token', async () => {
  const metadata = {
    client_name: 'openid-client service',
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  }
  service = await oidc.dynamicClientRegistration(server, metadata, undefined, { ...insecure, initialAccessToken: place.initialToken })
  const registered = service.clientMetadata()
  assert.match(registered.client_id, /^[0-9a-f-]{36}$/)
  assert.equal(typeof registered.client_secret_expires_at, 'number')
})

let token
await check('openid-client gets a token for it, its credentials form-encoded in a Basic header', async () => {
  oidc.allowInsecureRequests(service)
  const answer = await oidc.clientCredentialsGrant(service, { scope: place.scope })
  token = answer.access_token
  assert.ok(token)
})

await check('openid-client introspects the token as a gateway, form-encoded Basic credentials again', async () => {
  const { id, secret } = place.gateway
  const gateway = await oidc.discovery(server, id, secret, oidc.ClientSecretBasic(secret), insecure)
  const answer = await oidc.tokenIntrospection(gateway, token)
  assert.equal(answer.active, true)
  assert.equal(answer.client_id, service.clientMetadata().client_id)
  const body = await oidc.discovery(server, id, secret, oidc.ClientSecretPost(secret), insecure)
  assert.equal((await oidc.tokenIntrospection(body, `${token}x`)).active, false)
})

await check('openid-client sees a wrong initial access token as a challenge', async () => {
  const options = { ...insecure, initialAccessToken: 'wrong' }
  await assert.rejects(oidc.dynamicClientRegistration(server, { client_name: 'x' }, undefined, options), (error) => {
    assert.equal(error.cause?.[0]?.scheme, 'bearer')
    return true
  })
})

await check('the MCP SDK finds the metadata and registers a native client without any credential', async () => {
  const metadata = await discoverAuthorizationServerMetadata(server)
  assert.ok(metadata.code_challenge_methods_supported.includes('S256'))
  const clientMetadata = {
    client_name: 'an MCP client',
    redirect_uris: ['http://127.0.0.1:33418/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  }
  const registered = await registerClient(server, { metadata, clientMetadata })
  assert.ok(registered.client_id)
  assert.equal(registered.client_secret, undefined)
  assert.deepEqual(registered.redirect_uris, clientMetadata.redirect_uris)
})

await check('the MCP SDK is told what is wrong with a redirect URI', async () => {
  const metadata = await discoverAuthorizationServerMetadata(server)
  const clientMetadata = { client_name: 'x', redirect_uris: ['http://public.example.com/cb'], token_endpoint_auth_method: 'none' }
  await assert.rejects(registerClient(server, { metadata, clientMetadata }), /redirect_uris/)
})

console.log(`${passed} passed, 0 failed`)
