import { resolve } from "node:path";

/** A TLS listener, by the paths of PEM files. */
export interface TlsListener {
  /** The CA that client certificates are checked against; also sent with the server's certificate. */
  ca: string;
  cert: string;
  key: string;
  /** Accept only clients with a certificate signed by `ca`; default: false, no certificate is asked for. */
  verifyPeer?: boolean;
}

/** The settings of rabbitmq.conf besides a node's own ports. */
export interface BrokerConfig {
  /** Lines of the file. */
  lines: readonly string[];
  tls: TlsListener | undefined;
  /** Queues that are declared without a type become quorum queues, from RabbitMQ 4.0 on; before, classic ones. */
  quorumByDefault: boolean;
  /** The folder for its data, which stays; undefined: in the broker's own, which is removed. */
  data: string | undefined;
}

/**
 * Erlang's words for `default_queue_type = quorum` in rabbitmq.conf. RabbitMQ 3 ignores them, but does not start with a
 * setting that it does not know.
 */
export const quorumByDefaultWords = "-rabbit default_queue_type rabbit_quorum_queue";

/** The lines for a TLS listener on `address` (RabbitMQ guides "TLS Support" and "Networking"). */
export function tlsLines(address: string, { ca, cert, key, verifyPeer = false }: TlsListener): string[] {
  return [
    `listeners.ssl.1 = ${address}`,
    `ssl_options.cacertfile = ${resolve(ca)}`,
    `ssl_options.certfile = ${resolve(cert)}`,
    `ssl_options.keyfile = ${resolve(key)}`,
    `ssl_options.verify = ${verifyPeer ? "verify_peer" : "verify_none"}`,
    `ssl_options.fail_if_no_peer_cert = ${verifyPeer}`,
  ];
}

/** The lines with which a new node joins another's cluster (RabbitMQ guide "Cluster Formation and Peer Discovery"). */
export const joinLines = (other: string, own: string): string[] => [
  "cluster_formation.peer_discovery_backend = classic_config",
  `cluster_formation.classic_config.nodes.1 = ${other}`,
  `cluster_formation.classic_config.nodes.2 = ${own}`,
];
