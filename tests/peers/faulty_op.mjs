// An OpenID Provider that can be told to do one thing wrong: npm `oidc-provider`, whose answers are spoilt on their way
// out, and signed anew with `jose`. Nobody is asked for a password; everything is in memory.
//
//   node faulty_op.mjs <redirect URI> <post-logout redirect URI> <front-channel logout URI>
//
// Prints `issuer <URL>` once it listens, on a free loopback port. Ends when its standard input does.
//
//   PUT  /control/fault           {"fault": "wrong_iss"} or {"fault": null}: from now on, until told otherwise
//   POST /control/rotate          {"alg": "ES256", "overlap": false}: signs with a new key from now on -> {"kid": …}
//   POST /control/logout-token    {"variant": "good"} -> {"logout_token": …}: about alice (Back-Channel Logout 1.0)
//   GET  /control/requests        {"token": 2, "jwks": 1, …}: how often each was asked

import { createCipheriv, createHmac, constants, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import process from 'node:process';
import { CompactSign, SignJWT, base64url, decodeJwt, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import Provider from 'oidc-provider';

const [redirectUri, postLogoutUri, frontchannelUri] = process.argv.slice(2);
const CLIENT = 'hourgate';
const SECRET = 'secret of hourgate, with % + and :';

// The one session at this provider.
const sid = randomBytes(16).toString('hex');
let provider;
let fault = null;
let keys = []; // the one that signs first; all are published
const requests = {};

async function rotate(alg, overlap) {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const kid = randomBytes(9).toString('base64url');
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  keys = [{ privateKey, publicKey, jwk, kid, alg }, ...(overlap ? keys : [])];
  return kid;
}

// Who the person is, beyond `sub`.
const names = ['email', 'name', 'preferred_username'];
const withoutNames = (claims) => Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));

const seconds = () => Math.floor(Date.now() / 1000);

// What each fault does to the claims of an ID token.
const claimFaults = {
  wrong_iss: (claims) => ({ ...claims, iss: 'https://someone-else.invalid' }),
  missing_sub: ({ sub, ...claims }) => claims,
  wrong_sub: (claims) => ({ ...claims, sub: 'mallory' }),
  wrong_aud: (claims) => ({ ...claims, aud: 'someone-else' }),
  missing_aud: ({ aud, ...claims }) => claims,
  extra_aud: (claims) => ({ ...claims, aud: [CLIENT, 'someone-else'] }),
  wrong_azp: (claims) => ({ ...claims, azp: 'someone-else' }),
  missing_iat: ({ iat, ...claims }) => claims,
  stale_iat: (claims) => ({ ...claims, iat: seconds() - 7 * 86400 }),
  missing_exp: ({ exp, ...claims }) => claims,
  expired: (claims) => ({ ...claims, iat: seconds() - 7200, exp: seconds() - 3600 }),
  wrong_nonce: (claims) => ({ ...claims, nonce: `${claims.nonce}x` }),
  missing_nonce: ({ nonce, ...claims }) => claims,
  wrong_at_hash: (claims) => ({ ...claims, at_hash: base64url.encode(randomBytes(16)) }),
  claims_in_userinfo: withoutNames,
  signed_userinfo: withoutNames,
  wrong_c_hash: (claims) => ({ ...claims, c_hash: base64url.encode(randomBytes(16)) }),
};

// RFC 7518 sections 4.2 and 5.2.3: encrypted for a key that nobody asked for.
function encrypted(text) {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [cek, iv] = [randomBytes(32), randomBytes(16)];
  const header = base64url.encode(JSON.stringify({ alg: 'RSA1_5', enc: 'A128CBC-HS256', cty: 'JWT' }));
  const key = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, cek);
  const cipher = createCipheriv('aes-128-cbc', cek.subarray(16), iv);
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  const length = Buffer.alloc(8);
  length.writeUInt32BE(header.length * 8, 4);
  const mac = createHmac('sha256', cek.subarray(0, 16)).update(header).update(iv).update(body).update(length);
  return [header, ...[key, iv, body, mac.digest().subarray(0, 16)].map((part) => base64url.encode(part))].join('.');
}

const unsigned = (claims) =>
  `${base64url.encode(JSON.stringify({ alg: 'none' }))}.${base64url.encode(JSON.stringify(claims))}.`;

async function sign(claims) {
  const { privateKey, alg, kid, jwk } = keys[0];
  const token = (header, key) => new SignJWT(claims).setProtectedHeader(header).sign(key);
  switch (fault) {
    case 'alg_none':
      return unsigned(claims);
    case 'hs256':
      return token({ alg: 'HS256', kid }, new TextEncoder().encode(JSON.stringify(jwk)));
    case 'no_kid':
      return token({ alg }, privateKey);
    case 'bad_sig': {
      const [header, payload, signature] = (await token({ alg, kid }, privateKey)).split('.');
      const bytes = base64url.decode(signature);
      bytes[bytes.length >> 1] ^= 1;
      return [header, payload, base64url.encode(bytes)].join('.');
    }
    case 'encrypted':
      return encrypted(await token({ alg, kid }, privateKey));
    default:
      return token({ alg, kid }, privateKey);
  }
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const logoutFaults = {
  wrong_iss: { iss: 'https://someone-else.invalid' },
  wrong_aud: { aud: 'someone-else' },
  no_event: { events: undefined },
  wrong_event: { events: { 'http://schemas.openid.net/event/something-else': {} } },
  with_nonce: { nonce: randomBytes(16).toString('hex') },
};

async function logoutToken(variant) {
  const { privateKey, alg, kid, jwk } = keys[0];
  const claims = { iss: provider.issuer, aud: CLIENT, sub: 'alice', sid, jti: randomBytes(16).toString('hex') };
  Object.assign(claims, { iat: seconds(), exp: seconds() + 120, events: { [EVENT]: {} } }, logoutFaults[variant]);
  if (variant === 'alg_none') return unsigned(claims);
  const token = (header, key) => new SignJWT(claims).setProtectedHeader({ ...header, typ: 'logout+jwt', kid }).sign(key);
  if (variant === 'wrong_alg') return token({ alg: 'HS256' }, new TextEncoder().encode(JSON.stringify(jwk)));
  return token({ alg }, privateKey);
}

// RP-Initiated Logout 1.0 section 2, and the page of Front-Channel Logout 1.0 section 3 if that is asked for.
async function endSession(request, response) {
  const asked = new URL(request.url, provider.issuer).searchParams;
  const { publicKey } = keys[0];
  const hint = await jwtVerify(asked.get('id_token_hint'), publicKey, { issuer: provider.issuer, audience: CLIENT });
  if (hint.payload.sid !== sid || asked.get('post_logout_redirect_uri') !== postLogoutUri) throw new Error('not ours');
  const back = new URL(postLogoutUri);
  const state = { wrong_logout_state: randomBytes(16).toString('hex'), no_logout_state: null }[fault];
  const returned = state === undefined ? asked.get('state') : state;
  if (returned !== null) back.searchParams.set('state', returned);
  if (fault === 'front_channel') {
    const frame = new URL(frontchannelUri);
    frame.searchParams.set('iss', provider.issuer);
    frame.searchParams.set('sid', sid);
    response.setHeader('content-type', 'text/html');
    response.end(`<iframe src="${frame.href.replaceAll('&', '&amp;')}"></iframe><a href="${back.href}">on</a>`);
  } else {
    response.writeHead(303, { location: back.href }).end();
  }
}

async function spoilTokens(ctx) {
  if (!ctx.body?.id_token) return;
  const claims = { ...decodeJwt(ctx.body.id_token), sid };
  ctx.body.id_token = await sign((claimFaults[fault] ?? ((same) => same))(claims));
  if (fault === 'token_type') ctx.body.token_type = 'bEArER';
  if (fault === 'no_expires_in') delete ctx.body.expires_in;
}

async function spoilUserinfo(ctx) {
  if (ctx.status !== 200) return;
  if (fault === 'userinfo_sub') ctx.body.sub = 'mallory';
  if (fault === 'signed_userinfo') {
    const { privateKey, alg, kid } = keys[0];
    const claims = { ...ctx.body, iss: ctx.oidc.provider.issuer, aud: CLIENT };
    ctx.body = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg, kid })
      .sign(privateKey);
    ctx.type = 'application/jwt';
  }
}

function spoilRedirect(ctx) {
  const location = ctx.response.get('location');
  if (!location?.startsWith(redirectUri)) return;
  const url = new URL(location);
  if (fault === 'wrong_response_iss') url.searchParams.set('iss', 'https://someone-else.invalid');
  if (fault === 'missing_response_iss') url.searchParams.delete('iss');
  if (fault === 'wrong_state') url.searchParams.set('state', randomBytes(16).toString('hex'));
  if (fault === 'missing_state') url.searchParams.delete('state');
  ctx.set('location', url.href);
}

// A key that nobody can read and two of no use, before those that count.
const odd = [
  { kty: 'EC', crv: 'P-256', kid: 'odd', x: 5, y: [] },
  { kty: 'quantum', kid: 'odd', use: 'sig' },
  'not even an object',
];

const spoil = {
  token: spoilTokens,
  userinfo: spoilUserinfo,
  authorization: spoilRedirect,
  resume: spoilRedirect,
  jwks(ctx) {
    const published = keys.map((key) => key.jwk);
    ctx.body = { keys: fault === 'odd_keys' ? [...odd, ...published] : published };
  },
  discovery(ctx) {
    ctx.body.end_session_endpoint = `${ctx.body.issuer}/goodbye`;
    if (fault === 'discovery_iss') ctx.body.issuer = 'https://someone-else.invalid';
  },
};

const configuration = {
  clients: [
    {
      client_id: CLIENT,
      client_secret: SECRET,
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'ES256',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [redirectUri],
    },
  ],
  jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  claims: { openid: ['sub'], email: ['email'], profile: ['name', 'preferred_username'] },
  conformIdTokenClaims: false,
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, ...Object.fromEntries(names.map((name) => [name, `${sub}@peer.example`])) }),
  }),
  issueRefreshToken: () => true,
  rotateRefreshToken: false,
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: CLIENT, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid profile email offline_access');
    await grant.save();
    return grant;
  },
  features: { devInteractions: { enabled: false } },
  // The tests move their own clock ahead of ours, by hours.
  ttl: { AccessToken: 86400, AuthorizationCode: 60, IdToken: 86400, Grant: 86400, Interaction: 600, RefreshToken: 86400, Session: 86400 },
};

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}

async function control(request) {
  switch (`${request.method} ${request.url}`) {
    case 'PUT /control/fault':
      ({ fault } = await body(request));
      return {};
    case 'POST /control/rotate': {
      const { alg = 'ES256', overlap = false } = await body(request);
      return { kid: await rotate(alg, overlap) };
    }
    case 'POST /control/logout-token':
      return { logout_token: await logoutToken((await body(request)).variant) };
    case 'GET /control/requests':
      return requests;
    default:
      throw new Error(`no such control: ${request.method} ${request.url}`);
  }
}

const server = createServer(async (request, response) => {
  try {
    if (request.url.startsWith('/control/')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(await control(request)));
    } else if (request.url.startsWith('/goodbye?')) {
      await endSession(request, response);
    } else if (request.url.startsWith('/interaction/')) {
      const denied = fault === 'form_post_error' ? { error: 'access_denied' } : { login: { accountId: 'alice' } };
      await provider.interactionFinished(request, response, denied);
    } else {
      await provider.callback()(request, response);
    }
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

await rotate('ES256', false);
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, configuration);
  provider.use(async (ctx, next) => {
    await next();
    const { route } = ctx.oidc ?? {};
    requests[route] = (requests[route] ?? 0) + 1;
    await spoil[route]?.(ctx);
  });
  provider.on('server_error', (_, error) => console.error(error));
  console.log(`issuer ${issuer}`);
});

process.stdin.on('end', () => process.exit(0)).resume();
