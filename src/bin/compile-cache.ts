import * as nodeModule from "node:module";

/** Imported first: keeps the compiled code of amqplib and commander between runs, where Node can (22.8 and later). */
if ("enableCompileCache" in nodeModule && typeof nodeModule.enableCompileCache === "function")
  nodeModule.enableCompileCache();
