;; A rule that imports a clock.
;; held by: wasi:clocks/wall-clock@0.2.6
(component
  (import "wasi:clocks/wall-clock@0.2.6" (instance (export "now" (func))))
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/rule-draft@0.2.0" (instance $it)))
