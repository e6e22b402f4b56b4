;; A plugin whose interfaces have not the contract's functions.
;; held by: differ from uis:integration
(component
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/setup@0.2.0" (instance $it)))
