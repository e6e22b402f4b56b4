;; A plugin that imports files.
;; held by: wasi:filesystem/preopens@0.2.6
(component
  (import "wasi:filesystem/preopens@0.2.6" (instance (export "get-directories" (func))))
  (component $nothing)
  (instance $it (instantiate $nothing))
  (export "uis:integration/setup@0.2.0" (instance $it)))
