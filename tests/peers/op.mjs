// An OpenID Provider made of npm `oidc-provider`, for the tests: a few accounts, a client for each way to authenticate, nobody is asked for a
// password. Keys are new at each start, everything is in memory.
//
//   node op.mjs <redirect URI> <post-logout redirect URI> rotate|keep [<JWKS of the client private_key_jwt>]
//
// The client `private_key_jwt` must push its requests; the others may.
//
// Prints `issuer <URL>` once it listens, on a free loopback port. Ends when its standard input does.
//
//   GET  /control/state          {"sign_ins": …, "refreshes": …, "pushes": …}: how often people signed in, tokens were
//                                refreshed, and requests pushed
//   POST /control/remove/<name>  the account is gone: nobody by that name signs in, and its tokens are good for nothing

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import process from 'node:process';
import Provider from 'oidc-provider';

const [redirectUri, postLogoutRedirectUri, rotation, jwks] = process.argv.slice(2);
if (!['rotate', 'keep'].includes(rotation)) throw new Error('the third argument is rotate or keep');

const accounts = new Set(['alice', 'bob']);
const count = { sign_ins: 0, refreshes: 0, pushes: 0 };

const client = (method) => ({
  client_id: method,
  client_secret: `secret of ${method}, with % + and :`,
  token_endpoint_auth_method: method,
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [redirectUri],
  post_logout_redirect_uris: [postLogoutRedirectUri],
});

const clients = [client('client_secret_basic'), client('client_secret_post')];
if (jwks) {
  const { client_secret: _, ...signing } = client('private_key_jwt');
  clients.push({ ...signing, jwks: JSON.parse(jwks), require_pushed_authorization_requests: true });
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const configuration = {
  clients,
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'of-this-start', alg: 'RS256', use: 'sig' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
  // Into the ID token as well: OIDC Core leaves it to the provider.
  conformIdTokenClaims: false,
  findAccount: (_, sub) =>
    accounts.has(sub)
      ? {
          accountId: sub,
          claims: () => ({
            sub,
            name: `${sub} of oidc-provider`,
            preferred_username: sub,
            email: `${sub}@peer.example`,
            email_verified: true,
          }),
        }
      : undefined,
  // `offline_access` without `prompt=consent` is dropped (OIDC Core section 11), unless the operator says so.
  issueRefreshToken: (_, found) => found.grantTypeAllowed('refresh_token'),
  expiresWithSession: () => false,
  rotateRefreshToken: rotation === 'rotate',
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  // Consent was given once and for all.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid profile email offline_access');
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: false },
    pushedAuthorizationRequests: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'RS256', 'PS256'] },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Grant: 86400, Interaction: 600, RefreshToken: 86400, Session: 86400 },
};

let provider;

async function signIn(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const accountId = params.login_hint ?? 'alice';
  if (!accounts.has(accountId)) {
    response.writeHead(403).end(`nobody is called ${accountId}`);
    return;
  }
  count.sign_ins += 1;
  await provider.interactionFinished(request, response, { login: { accountId } });
}

function control(request, response) {
  const removed = /^\/control\/remove\/(\w+)$/.exec(request.url);
  if (request.method === 'POST' && removed && accounts.delete(removed[1])) {
    response.writeHead(204).end();
  } else if (request.url === '/control/state') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(count));
  } else {
    response.writeHead(404).end();
  }
}

const server = createServer(async (request, response) => {
  try {
    if (request.url.startsWith('/control/')) control(request, response);
    else if (request.url.startsWith('/interaction/')) await signIn(request, response);
    else await provider.callback()(request, response);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, configuration);
  provider.on('grant.success', ({ oidc }) => {
    if (oidc.params.grant_type === 'refresh_token') count.refreshes += 1;
  });
  provider.on('pushed_authorization_request.success', () => (count.pushes += 1));
  provider.on('server_error', (_, error) => console.error(error));
  console.log(`issuer ${issuer}`);
});

process.stdin.on('end', () => process.exit(0)).resume();
