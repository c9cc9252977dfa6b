import { isRecord, type ManagementApi } from "./management-api.js";

/**
 * RabbitMQ's tracing of a virtual host (guide "Firehose Tracer"): while it is on, each publish and each delivery is
 * copied to the exchange amq.rabbitmq.trace. It belongs to the node that is asked, and ends when that node restarts.
 */

/** Whether it is on. @throws Error where the management API does not say, with a message for the user */
export async function isTracing(api: ManagementApi, vhost: string): Promise<boolean> {
  const about = await api.get(`vhosts/${encodeURIComponent(vhost)}`);
  return isRecord(about) && about["tracing"] === true;
}

/** Switches it; needs the tag administrator. @throws Error with a message for the user */
export async function switchTracing(api: ManagementApi, vhost: string, on: boolean): Promise<void> {
  const path = `vhosts/${encodeURIComponent(vhost)}`;
  const about = await api.get(path);
  // A PUT without them empties them (rabbit_mgmt_wm_vhost:accept_content).
  const { description, tags, default_queue_type } = isRecord(about) ? about : {};
  await api.put(path, {
    tracing: on,
    ...(typeof description === "string" ? { description } : {}),
    ...(Array.isArray(tags) ? { tags: tags.join(",") } : {}),
    ...(typeof default_queue_type === "string" && default_queue_type !== "undefined"
      ? { default_queue_type }
      : {}),
  });
}
