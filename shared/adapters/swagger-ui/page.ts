/** The page at `/swagger/ui/index`. Nothing is inline, so that the strictest content security policy holds. */
export const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Data Export Service API</title>
    <link rel="icon" type="image/png" href="favicon-32x32.png">
    <link rel="stylesheet" href="swagger-ui.css">
    <link rel="stylesheet" href="page.css">
    <script defer src="swagger-ui-bundle.js"></script>
    <script defer src="page.js"></script>
  </head>
  <body>
    <noscript>This page needs JavaScript; the description itself is at <a href="../docs/2016-01-01">/swagger/docs/2016-01-01</a>.</noscript>
    <main id="swagger-ui"></main>
  </body>
</html>
`;

/** A pasted token works with the word Bearer and without. Nothing leaves the origin: no validator, no stored token. */
export const pageScript = `SwaggerUIBundle({
  url: '../docs/2016-01-01',
  domNode: document.getElementById('swagger-ui'),
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  requestInterceptor(request) {
    const { Authorization: pasted } = request.headers;
    if (pasted) {
      request.headers.Authorization = 'Bearer ' + pasted.trim().replace(/^bearer\\s+/i, '');
    }
    return request;
  },
});
`;

/** What the page needs beside the style of the package; and less room at the sides on a phone. */
export const pageStyle = `body {
  margin: 0;
  background: #fafafa;
}
.swagger-ui .info {
  margin: 30px 0 20px;
}
.swagger-ui .info .base-url {
  display: none;
}
.swagger-ui .markdown code {
  color: inherit;
  overflow-wrap: anywhere;
}
.swagger-ui .scheme-container {
  padding: 15px 0;
}
.swagger-ui .auth-container input[type='text'] {
  width: 100%;
  max-width: none;
}
@media (max-width: 640px) {
  .swagger-ui .wrapper {
    padding: 0 10px;
  }
  .swagger-ui .opblock-body .responses-inner,
  .swagger-ui .opblock-section-header {
    padding: 8px;
  }
  .swagger-ui .opblock-tag {
    flex-wrap: wrap;
  }
  .swagger-ui .responses-wrapper .opblock-section-header label {
    display: none;
  }
  .swagger-ui .response-col_status {
    min-width: 40px;
  }
  .swagger-ui .opblock-summary-method {
    min-width: 60px;
  }
  .swagger-ui table.parameters thead {
    display: none;
  }
  .swagger-ui table.parameters tbody td {
    display: block;
    padding: 5px 0;
  }
}
`;
