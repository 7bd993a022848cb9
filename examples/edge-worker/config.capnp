using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
    (name = "worker.js", esModule = embed "bundle/worker.js"),
    (name = "isolab/strict.wasm", wasm = embed "bundle/isolab-strict.wasm"),
    (name = "model.safetensors", data = embed "model.safetensors"),
  ],
);
