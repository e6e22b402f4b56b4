;; A rule that imports what only the plugin may use.
;; held by: uis:integration/storage@0.2.0
(component
  (import "uis:integration/storage@0.2.0" (instance (export "get" (func))))
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/rule-draft@0.2.0" (instance $it)))
