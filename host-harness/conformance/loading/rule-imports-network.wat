;; A rule that imports the network.
;; held by: wasi:sockets/instance-network@0.2.6
(component
  (import "wasi:sockets/instance-network@0.2.6" (instance (export "instance-network" (func))))
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/rule-draft@0.2.0" (instance $it)))
