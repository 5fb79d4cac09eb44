client-unverified = This app registered itself. Nobody at { $service } has checked who is behind it. Allow it only if you started this yourself and know it.
