;; A rule that imports what only the plugin may use.
;; held by: uis:integration/storage@0.2.0-dev
(component
  (import "uis:integration/storage@0.2.0-dev" (instance (export "get" (func))))
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/rule-draft@0.2.0-dev" (instance $it)))
