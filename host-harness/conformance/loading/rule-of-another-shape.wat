;; A rule whose interface has not the contract's function.
;; held by: differ from uis:integration
(component
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/rule-draft@0.2.0" (instance $it)))
