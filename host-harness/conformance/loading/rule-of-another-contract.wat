;; A rule built to a contract that this host does not serve.
;; held by: 9.9.9
(component
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/rule-draft@9.9.9" (instance $it)))
