;; A component that is no plugin.
;; held by: exports nothing of
(component)
