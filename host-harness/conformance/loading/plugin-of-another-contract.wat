;; A plugin built to a contract that this host does not serve.
;; held by: 9.9.9
(component
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/setup@9.9.9" (instance $it)))
