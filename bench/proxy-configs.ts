/** Where a proxy listens and what it stands before, both on 127.0.0.1. */
export interface ProxyPorts {
  readonly port: number
  readonly upstreamPort: number
}

/** One thread; `http-no-delay`, without which HAProxy holds small chunks back for up to 200 ms. */
export function haproxyConfig({ port, upstreamPort }: ProxyPorts, key: string): string {
  return `
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  option http-no-delay
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend clients
  bind 127.0.0.1:${port}
  acl has_key req.hdr(authorization) -m str "Bearer ${key}"
  http-request deny deny_status 401 unless has_key
  default_backend models
backend models
  http-reuse always
  server upstream 127.0.0.1:${upstreamPort}
`
}

/** One worker; unbuffered, or it would collect tokens. */
export function nginxConfig({ port, upstreamPort }: ProxyPorts, key: string): string {
  return `
daemon off;
pid nginx.pid;
worker_processes 1;
worker_rlimit_nofile 16384;
error_log stderr crit;
events {
  worker_connections 8192;
}
http {
  access_log off;
  map_hash_bucket_size 256;
  map $http_authorization $has_key {
    default 0;
    "Bearer ${key}" 1;
  }
  upstream models {
    server 127.0.0.1:${upstreamPort};
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000000;
    if ($has_key = 0) {
      return 401;
    }
    location / {
      proxy_pass http://models;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 1h;
    }
  }
}
`
}

/** As many threads as Go takes by itself; every write flushed. */
export function caddyConfig({ port, upstreamPort }: ProxyPorts, key: string): string {
  return `
{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  @stranger not header Authorization "Bearer ${key}"
  respond @stranger 401
  reverse_proxy 127.0.0.1:${upstreamPort} {
    flush_interval -1
    transport http {
      keepalive_idle_conns_per_host 1024
    }
  }
}
`
}

/** One worker, its usual number; JSON, which its YAML is a part of. Its key is the master key, so that it asks no database. */
export function litellmConfig({ upstreamPort }: ProxyPorts, key: string): string {
  const upstream = { model: 'openai/bench', api_base: `http://127.0.0.1:${upstreamPort}/v1`, api_key: 'none' }
  return JSON.stringify({
    model_list: [{ model_name: 'bench', litellm_params: upstream }],
    general_settings: { master_key: key },
    litellm_settings: { telemetry: false },
  })
}
