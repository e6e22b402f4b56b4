;; A plugin that imports a way to the network of its own.
;; held by: wasi:http/outgoing-handler@0.2.6
(component
  (import "wasi:http/outgoing-handler@0.2.6" (instance (export "handle" (func))))
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/setup@0.2.0" (instance $it)))
